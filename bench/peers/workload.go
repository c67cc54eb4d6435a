package main

import (
	"context"
	"fmt"
	"math/rand/v2"
)

const (
	hotKey     = "khot"
	rangeLimit = 100
	// Of ten operations of the mixed workload.
	mixedReads = 9
)

func operationOf(task Task, store Store, recorder *recorder) (Operation, error) {
	value := task.value()
	put := func(ctx context.Context, caller int) error {
		return store.Put(ctx, caller, task.randomKey(), value)
	}
	get := func(ctx context.Context, caller int) error {
		found, err := store.Get(ctx, caller, task.randomKey())
		if err == nil && len(found) != task.ValueBytes {
			return fmt.Errorf("a value of %d bytes instead of %d", len(found), task.ValueBytes)
		}
		return err
	}
	switch task.Workload {
	case "put":
		return put, nil
	case "get":
		return get, nil
	case "mix":
		return func(ctx context.Context, caller int) error {
			if rand.IntN(10) < mixedReads {
				return get(ctx, caller)
			}
			return put(ctx, caller)
		}, nil
	case "cas":
		return compareAndSet(task, store, recorder), nil
	case "range":
		return func(ctx context.Context, caller int) error {
			first := rand.IntN(max(1, task.Keys-rangeLimit))
			found, err := store.Range(ctx, caller, task.key(first), rangeLimit)
			if err == nil && found != min(rangeLimit, task.Keys) {
				return fmt.Errorf("%d keys instead of %d", found, min(rangeLimit, task.Keys))
			}
			return err
		}, nil
	case "watch":
		return fanOut(task, store, recorder)
	default:
		return nil, fmt.Errorf("no workload is called %q", task.Workload)
	}
}

// One key, which every caller writes on the condition that nobody has written it since it last looked. An operation is
// a write that came through; what was refused before it belongs to its latency.
func compareAndSet(task Task, store Store, recorder *recorder) Operation {
	value := task.value()
	known := make([]uint64, task.Callers)
	return func(ctx context.Context, caller int) error {
		for {
			now, done, err := store.Update(ctx, caller, hotKey, value, known[caller])
			if err != nil {
				return err
			}
			known[caller] = now
			if done {
				return nil
			}
			recorder.conflict()
		}
	}
}
