package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"
)

const watchedPrefix = "kw."

// A caller's newest write, and how many subscribers have yet to hear of it.
type announced struct {
	sync.Mutex
	number  uint64
	start   time.Time
	missing int
	heard   chan struct{}
}

// Each caller writes a key of its own and goes on when its write is acknowledged and every subscriber has been told: so
// that no backlog grows, and the rate is one that can be kept up. What counts are deliveries, from the write's issue on.
func fanOut(task Task, store Store, recorder *recorder) (Operation, error) {
	recorder.byParts = true
	writes := make([]announced, task.Callers)
	changed := func(value []byte) {
		if len(value) < 16 {
			return
		}
		caller, number := binary.BigEndian.Uint64(value), binary.BigEndian.Uint64(value[8:])
		if caller >= uint64(len(writes)) {
			return
		}
		write := &writes[caller]
		write.Lock()
		defer write.Unlock()
		if number != write.number || write.missing == 0 {
			return
		}
		recorder.record(write.start)
		write.missing--
		if write.missing == 0 {
			close(write.heard)
		}
	}
	for range task.Subscribers {
		if err := store.Watch(context.Background(), watchedPrefix, changed); err != nil {
			return nil, err
		}
	}
	template := task.value()
	if len(template) < 16 {
		return nil, fmt.Errorf("values of the watch have at least 16 bytes, for the number of the write")
	}
	return func(ctx context.Context, caller int) error {
		write := &writes[caller]
		value := append([]byte(nil), template...)
		heard := make(chan struct{})
		write.Lock()
		write.number++
		write.start, write.missing, write.heard = time.Now(), task.Subscribers, heard
		binary.BigEndian.PutUint64(value, uint64(caller))
		binary.BigEndian.PutUint64(value[8:], write.number)
		write.Unlock()
		if err := store.Put(ctx, caller, fmt.Sprintf("%s%d", watchedPrefix, caller), value); err != nil {
			return err
		}
		select {
		case <-heard:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("a change was not delivered to all subscribers: %w", ctx.Err())
		}
	}, nil
}
