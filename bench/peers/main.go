// Drives etcd, JetStream KV, Synod's raw subjects and a bare NATS service with one workload, each through the client
// that is its own best. The task is the first argument, as JSON; the result is one line of JSON. The same contract
// as bench/drivers/, so that a number means the same whoever measured it.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	task, err := readTask(os.Args[1:])
	if err != nil {
		fail(err)
	}
	if task.Workload == "answer" {
		if err := answer(task); err != nil {
			fail(err)
		}
		return
	}
	store, err := open(task)
	if err != nil {
		fail(err)
	}
	defer store.Close()
	result, err := run(task, store)
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		fail(err)
	}
}

func open(task Task) (Store, error) {
	switch task.System {
	case "etcd":
		return openEtcd(task)
	case "jetstream":
		return openJetStream(task)
	case "synod-raw":
		return openSynodRaw(task)
	case "nats":
		return openBareNats(task)
	default:
		return nil, fmt.Errorf("no system is called %q; there are etcd, jetstream, synod-raw, nats", task.System)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
