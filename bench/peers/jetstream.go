package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	bucketName = "bench"
	replicas   = 3
	// How many publications of the load are under way at a time.
	loadPendingMax = 4096
)

type jetStreamStore struct {
	task        Task
	connections []*nats.Conn
	buckets     []jetstream.KeyValue
	subscribers []*nats.Conn
}

func openJetStream(task Task) (Store, error) {
	store := &jetStreamStore{task: task}
	for range task.Connections {
		connection, bucket, err := store.connect()
		if err != nil {
			store.Close()
			return nil, err
		}
		store.connections = append(store.connections, connection)
		store.buckets = append(store.buckets, bucket)
	}
	return store, nil
}

func (store *jetStreamStore) connect() (*nats.Conn, jetstream.KeyValue, error) {
	connection, err := connectNats(store.task)
	if err != nil {
		return nil, nil, err
	}
	client, err := jetstream.New(connection, jetstream.WithPublishAsyncMaxPending(loadPendingMax))
	if err != nil {
		connection.Close()
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), answeringMax)
	defer cancel()
	config := jetstream.KeyValueConfig{
		Bucket:   bucketName,
		Replicas: replicas,
		Storage:  jetstream.FileStorage,
		History:  1,
	}
	for {
		bucket, err := store.bucket(ctx, client, config)
		if err == nil {
			return connection, bucket, nil
		}
		// The cluster may not have elected its leaders yet.
		if ctx.Err() != nil {
			connection.Close()
			return nil, nil, fmt.Errorf("there is no bucket: %w", err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (store *jetStreamStore) bucket(
	ctx context.Context, client jetstream.JetStream, config jetstream.KeyValueConfig,
) (jetstream.KeyValue, error) {
	attempt, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	bucket, err := client.KeyValue(attempt, bucketName)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		return client.CreateKeyValue(attempt, config)
	}
	return bucket, err
}

func (store *jetStreamStore) of(caller int) jetstream.KeyValue {
	return store.buckets[caller%len(store.buckets)]
}

func (store *jetStreamStore) Load(ctx context.Context, keys []string, value []byte) error {
	failed := make(chan error, 1)
	client, err := jetstream.New(
		store.connections[0],
		jetstream.WithPublishAsyncMaxPending(loadPendingMax),
		jetstream.WithPublishAsyncErrHandler(func(_ jetstream.JetStream, _ *nats.Msg, err error) {
			select {
			case failed <- err:
			default:
			}
		}),
	)
	if err != nil {
		return err
	}
	for _, key := range keys {
		_, err := client.PublishAsync(
			fmt.Sprintf("$KV.%s.%s", bucketName, key), value, jetstream.WithStallWait(store.task.timeout()),
		)
		if err != nil {
			return err
		}
	}
	select {
	case <-client.PublishAsyncComplete():
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func (store *jetStreamStore) Put(ctx context.Context, caller int, key string, value []byte) error {
	_, err := store.of(caller).Put(ctx, key, value)
	return err
}

// Direct: any replica answers, and may not have what was written last.
func (store *jetStreamStore) Get(ctx context.Context, caller int, key string) ([]byte, error) {
	entry, err := store.of(caller).Get(ctx, key)
	if err != nil {
		return nil, err
	}
	return entry.Value(), nil
}

func (store *jetStreamStore) Update(
	ctx context.Context, caller int, key string, value []byte, revision uint64,
) (uint64, bool, error) {
	bucket := store.of(caller)
	now, err := bucket.Update(ctx, key, value, revision)
	if err == nil {
		return now, true, nil
	}
	if !isConflict(err) {
		return 0, false, err
	}
	// The refusal does not say which revision there is.
	entry, err := bucket.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	return entry.Revision(), false, nil
}

// Servers say it with either code.
func isConflict(err error) bool {
	var refused *jetstream.APIError
	return errors.As(err, &refused) &&
		(refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
			refused.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

func (store *jetStreamStore) Range(context.Context, int, string, int) (int, error) {
	return 0, errUnsupported
}

func (store *jetStreamStore) Watch(ctx context.Context, prefix string, changed func([]byte)) error {
	connection, bucket, err := store.connect()
	if err != nil {
		return err
	}
	store.subscribers = append(store.subscribers, connection)
	watcher, err := bucket.Watch(ctx, prefix+">", jetstream.UpdatesOnly())
	for deadline := time.Now().Add(answeringMax); err != nil; {
		// The cluster may be electing a leader, having stood still.
		if time.Now().After(deadline) {
			return err
		}
		time.Sleep(100 * time.Millisecond)
		watcher, err = bucket.Watch(ctx, prefix+">", jetstream.UpdatesOnly())
	}
	go func() {
		for entry := range watcher.Updates() {
			if entry != nil {
				changed(entry.Value())
			}
		}
	}()
	return nil
}

func (store *jetStreamStore) Close() {
	for _, connection := range append(store.connections, store.subscribers...) {
		connection.Close()
	}
}
