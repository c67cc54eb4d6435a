package main

import (
	"context"
	"fmt"
	"math"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
)

// The server's own limit of operations in one transaction.
const etcdTransactionMax = 128

type etcdStore struct {
	task    Task
	clients []*clientv3.Client
	// One for each subscriber: watches of one client would share a stream.
	subscribers []*clientv3.Client
}

func openEtcd(task Task) (Store, error) {
	store := &etcdStore{task: task}
	for range task.Connections {
		client, err := store.connect()
		if err != nil {
			store.Close()
			return nil, err
		}
		store.clients = append(store.clients, client)
	}
	return store, nil
}

func (store *etcdStore) connect() (*clientv3.Client, error) {
	return clientv3.New(clientv3.Config{
		Endpoints:          store.task.Endpoints,
		DialTimeout:        store.task.timeout(),
		MaxCallSendMsgSize: 16 << 20,
		MaxCallRecvMsgSize: math.MaxInt32,
		Logger:             zap.NewNop(),
	})
}

func (store *etcdStore) of(caller int) *clientv3.Client {
	return store.clients[caller%len(store.clients)]
}

func (store *etcdStore) Load(ctx context.Context, keys []string, value []byte) error {
	// A request of the server's default size at most.
	perTransaction := max(1, min(etcdTransactionMax, 1<<20/(len(value)+64)))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for begin := 0; begin < len(keys); begin += perTransaction {
		part := keys[begin:min(begin+perTransaction, len(keys))]
		group.Go(func() error {
			puts := make([]clientv3.Op, len(part))
			for at, key := range part {
				puts[at] = clientv3.OpPut(key, string(value))
			}
			_, err := store.of(0).Txn(ctx).Then(puts...).Commit()
			return err
		})
	}
	return group.Wait()
}

func (store *etcdStore) Put(ctx context.Context, caller int, key string, value []byte) error {
	_, err := store.of(caller).Put(ctx, key, string(value))
	return err
}

func (store *etcdStore) Get(ctx context.Context, caller int, key string) ([]byte, error) {
	response, err := store.of(caller).Get(ctx, key)
	if err != nil {
		return nil, err
	}
	if len(response.Kvs) == 0 {
		return nil, fmt.Errorf("no key %s", key)
	}
	return response.Kvs[0].Value, nil
}

func (store *etcdStore) Update(
	ctx context.Context, caller int, key string, value []byte, revision uint64,
) (uint64, bool, error) {
	response, err := store.of(caller).Txn(ctx).
		If(clientv3.Compare(clientv3.ModRevision(key), "=", int64(revision))).
		Then(clientv3.OpPut(key, string(value))).
		Else(clientv3.OpGet(key)).
		Commit()
	if err != nil {
		return 0, false, err
	}
	if response.Succeeded {
		return uint64(response.Header.Revision), true, nil
	}
	found := response.Responses[0].GetResponseRange().Kvs
	if len(found) == 0 {
		return 0, false, nil
	}
	return uint64(found[0].ModRevision), false, nil
}

func (store *etcdStore) Range(ctx context.Context, caller int, start string, limit int) (int, error) {
	response, err := store.of(caller).Get(ctx, start, clientv3.WithFromKey(), clientv3.WithLimit(int64(limit)))
	if err != nil {
		return 0, err
	}
	return len(response.Kvs), nil
}

func (store *etcdStore) Watch(ctx context.Context, prefix string, changed func([]byte)) error {
	client, err := store.connect()
	if err != nil {
		return err
	}
	store.subscribers = append(store.subscribers, client)
	answers := client.Watch(ctx, prefix, clientv3.WithPrefix(), clientv3.WithCreatedNotify())
	if answer, open := <-answers; !open || !answer.Created {
		return fmt.Errorf("no watch was made: %w", answer.Err())
	}
	go func() {
		for answer := range answers {
			for _, event := range answer.Events {
				changed(event.Kv.Value)
			}
		}
	}()
	return nil
}

func (store *etcdStore) Close() {
	for _, client := range append(store.clients, store.subscribers...) {
		client.Close()
	}
}
