package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Task is what a driver is asked to do; bench/comparison/task.ts is the other side, and explains each field.
type Task struct {
	System        string   `json:"system"`
	Endpoints     []string `json:"endpoints"`
	Connections   int      `json:"connections"`
	Workload      string   `json:"workload"`
	Callers       int      `json:"callers"`
	ValueBytes    int      `json:"valueBytes"`
	FirstKey      int      `json:"firstKey"`
	Keys          int      `json:"keys"`
	SpreadKeys    bool     `json:"spreadKeys"`
	WarmUpSeconds float64  `json:"warmUpSeconds"`
	Seconds       float64  `json:"seconds"`
	RatePerSecond float64  `json:"ratePerSecond"`
	Subscribers   int      `json:"subscribers"`
	TimeoutMs     int      `json:"timeoutMs"`
}

// Result of one measurement. Latencies are microseconds.
type Result struct {
	Operations int64            `json:"operations"`
	Seconds    float64          `json:"seconds"`
	Errors     map[string]int64 `json:"errors"`
	Conflicts  int64            `json:"conflicts"`
	Unfinished int64            `json:"unfinished"`
	CPUSeconds float64          `json:"cpuSeconds"`
	LatencyUs  Latency          `json:"latencyUs"`
}

// Latency of operations, in microseconds.
type Latency struct {
	P50  int64 `json:"p50"`
	P99  int64 `json:"p99"`
	P999 int64 `json:"p999"`
	Max  int64 `json:"max"`
}

// What a driver cannot do without being told.
var errUnsupported = errors.New("this system has no such operation")

func readTask(args []string) (Task, error) {
	task := Task{Connections: 1, Callers: 1, Subscribers: 100, TimeoutMs: 10_000}
	if len(args) != 1 {
		return task, errors.New("the one argument is a task as JSON, as bench/comparison/task.ts describes it")
	}
	decoder := json.NewDecoder(strings.NewReader(args[0]))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&task); err != nil {
		return task, fmt.Errorf("the task cannot be read: %w", err)
	}
	if len(task.Endpoints) == 0 || task.Keys < 1 || task.Callers < 1 || task.Connections < 1 {
		return task, errors.New("a task has endpoints, and at least one key, one caller and one connection")
	}
	return task, nil
}

func (task Task) timeout() time.Duration {
	return time.Duration(task.TimeoutMs) * time.Millisecond
}

// The number-th key, from 0. The letter decides which of Synod's regions it lies in.
func (task Task) key(number int) string {
	letter := byte('k')
	if task.SpreadKeys {
		letter = byte('a' + number%26)
	}
	rest := task.FirstKey + number
	if rest > 99_999_999 {
		return fmt.Sprintf("%c%d", letter, rest)
	}
	// Formatting would be a part of what a quick operation costs.
	key := [9]byte{letter}
	for at := len(key) - 1; at > 0; at-- {
		key[at] = byte('0' + rest%10)
		rest /= 10
	}
	return string(key[:])
}

func (task Task) randomKey() string {
	return task.key(rand.IntN(task.Keys))
}

// Bytes that nobody's compression makes smaller, the same in every run.
func (task Task) value() []byte {
	value := make([]byte, task.ValueBytes)
	random := rand.New(rand.NewPCG(1, 2))
	for at := range value {
		value[at] = byte(random.Uint32())
	}
	return value
}
