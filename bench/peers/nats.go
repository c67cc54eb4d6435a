package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
)

// The first server that answers is taken: which one it is shall not change from run to run. None may answer yet.
func connectNats(task Task) (*nats.Conn, error) {
	deadline := time.Now().Add(answeringMax)
	for {
		connection, err := nats.Connect(
			strings.Join(task.Endpoints, ","),
			nats.DontRandomize(),
			nats.MaxReconnects(-1),
			nats.ReconnectWait(50*time.Millisecond),
			nats.Timeout(task.timeout()),
		)
		if err == nil || time.Now().After(deadline) {
			return connection, err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Connections that callers share, each with requests that wait for their replies.
type requester struct {
	connections []*nats.Conn
}

func openRequester(task Task) (requester, error) {
	var made requester
	for range task.Connections {
		connection, err := connectNats(task)
		if err != nil {
			made.Close()
			return made, err
		}
		made.connections = append(made.connections, connection)
	}
	return made, nil
}

func (made requester) ask(ctx context.Context, caller int, subject string, body []byte) (*nats.Msg, error) {
	return made.connections[caller%len(made.connections)].RequestWithContext(ctx, subject, body)
}

func (made requester) Close() {
	for _, connection := range made.connections {
		connection.Close()
	}
}

// Raw subjects: each write a message of its own, and no client of Synod anywhere.
type synodRawStore struct {
	Unsupported
	requester
}

func openSynodRaw(task Task) (Store, error) {
	made, err := openRequester(task)
	return synodRawStore{requester: made}, err
}

func (store synodRawStore) Put(ctx context.Context, caller int, key string, value []byte) error {
	_, err := store.request(ctx, caller, "synod.kv.default.put."+key, value)
	return err
}

func (store synodRawStore) Get(ctx context.Context, caller int, key string) ([]byte, error) {
	return store.request(ctx, caller, "synod.kv.default.get."+key, nil)
}

func (store synodRawStore) request(ctx context.Context, caller int, subject string, body []byte) ([]byte, error) {
	answer, err := store.ask(ctx, caller, subject, body)
	if err != nil {
		return nil, err
	}
	if code := answer.Header.Get("Nats-Service-Error-Code"); code != "" {
		return nil, fmt.Errorf("%s %s", code, answer.Header.Get("Nats-Service-Error"))
	}
	return answer.Data, nil
}

// The floor: a service that answers at once and keeps nothing.
const floorPut, floorGet = "floor.put", "floor.get."

type bareNatsStore struct {
	Unsupported
	requester
	valueBytes int
}

func openBareNats(task Task) (Store, error) {
	made, err := openRequester(task)
	return bareNatsStore{requester: made, valueBytes: task.ValueBytes}, err
}

func (store bareNatsStore) Load(context.Context, []string, []byte) error { return nil }

func (store bareNatsStore) Put(ctx context.Context, caller int, _ string, value []byte) error {
	_, err := store.ask(ctx, caller, floorPut, value)
	return err
}

// The subject's last token says how large the answer shall be.
func (store bareNatsStore) Get(ctx context.Context, caller int, _ string) ([]byte, error) {
	answer, err := store.ask(ctx, caller, floorGet+strconv.Itoa(store.valueBytes), nil)
	if err != nil {
		return nil, err
	}
	return answer.Data, nil
}

// Answers requests until it is told to end.
func answer(task Task) error {
	connection, err := connectNats(task)
	if err != nil {
		return err
	}
	defer connection.Close()
	written := []byte(`{"revision":1234567890}`)
	_, err = connection.Subscribe(floorPut, func(request *nats.Msg) { _ = request.Respond(written) })
	if err != nil {
		return err
	}
	value := make([]byte, connection.MaxPayload())
	_, err = connection.Subscribe(floorGet+"*", func(request *nats.Msg) {
		size, err := strconv.Atoi(strings.TrimPrefix(request.Subject, floorGet))
		if err == nil && size >= 0 && size <= len(value) {
			_ = request.Respond(value[:size])
		}
	})
	if err != nil {
		return err
	}
	if err := connection.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "answering")
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	<-ended
	return nil
}

// A short name for what went wrong, to be counted under.
func codeOf(err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
		return "TIMEOUT"
	case errors.Is(err, nats.ErrNoResponders):
		return "NO_RESPONDERS"
	default:
		text, _, _ := strings.Cut(err.Error(), "\n")
		return text[:min(len(text), 80)]
	}
}
