package main

import "context"

// Store is what a workload asks of a system. Each implementation says it in its client's own words.
type Store interface {
	// Load writes all keys as fast as it can; what is loaded is not measured.
	Load(ctx context.Context, keys []string, value []byte) error
	// Put by one of the callers, which share the connections between them.
	Put(ctx context.Context, caller int, key string, value []byte) error
	Get(ctx context.Context, caller int, key string) ([]byte, error)
	// Update writes if the key still has the revision. Otherwise it answers with the revision there is, and false.
	Update(ctx context.Context, caller int, key string, value []byte, revision uint64) (uint64, bool, error)
	// Range reads up to limit keys in order, and answers with how many there were.
	Range(ctx context.Context, caller int, start string, limit int) (int, error)
	// Watch tells a subscriber, over a connection of its own, of every change below the prefix.
	Watch(ctx context.Context, prefix string, changed func(value []byte)) error
	Close()
}

// Unsupported is embedded by stores that lack some of the operations.
type Unsupported struct{}

func (Unsupported) Load(context.Context, []string, []byte) error { return errUnsupported }

func (Unsupported) Update(context.Context, int, string, []byte, uint64) (uint64, bool, error) {
	return 0, false, errUnsupported
}

func (Unsupported) Range(context.Context, int, string, int) (int, error) { return 0, errUnsupported }

func (Unsupported) Watch(context.Context, string, func([]byte)) error { return errUnsupported }
