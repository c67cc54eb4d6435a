package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// For how long a system may be silent at first: it may just have been started, or have stood still.
const answeringMax = 60 * time.Second

// What operations of the open loop may still be answered in, after the time that is measured.
const lateMax = 5 * time.Second

// Nobody repeats at once what has just failed.
const afterErrorPause = 10 * time.Millisecond

// Operation is what one caller does again and again. It tells the recorder about itself if it is more than one.
type Operation func(ctx context.Context, caller int) error

func run(task Task, store Store) (Result, error) {
	// Reads may be answered before there is a leader that takes writes.
	put := func(ctx context.Context, caller int) error {
		return store.Put(ctx, caller, hotKey, task.value())
	}
	if err := untilAnswered(put, task); err != nil {
		return Result{}, err
	}
	if task.Workload == "load" {
		return load(task, store)
	}
	recorder := newRecorder()
	operation, err := operationOf(task, store, recorder)
	if err != nil {
		return Result{}, err
	}
	if err := untilAnswered(operation, task); err != nil {
		return Result{}, err
	}
	if task.RatePerSecond > 0 {
		return openLoop(task, operation, recorder), nil
	}
	return closedLoop(task, operation, recorder), nil
}

func load(task Task, store Store) (Result, error) {
	keys := make([]string, task.Keys)
	for number := range keys {
		keys[number] = task.key(number)
	}
	began := time.Now()
	if err := store.Load(context.Background(), keys, task.value()); err != nil {
		return Result{}, fmt.Errorf("the keys could not be loaded: %w", err)
	}
	return Result{
		Operations: int64(task.Keys),
		Seconds:    time.Since(began).Seconds(),
		Errors:     map[string]int64{},
	}, nil
}

func untilAnswered(operation Operation, task Task) error {
	deadline := time.Now().Add(answeringMax)
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		err := operation(ctx, 0)
		cancel()
		if err == nil {
			return nil
		}
		if err == errUnsupported || time.Now().After(deadline) {
			return fmt.Errorf("%s does not answer: %w", task.System, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Each caller has one operation under way; its latency begins when it is issued.
func closedLoop(task Task, operation Operation, recorder *recorder) Result {
	var ended atomic.Bool
	var callers sync.WaitGroup
	for caller := range task.Callers {
		callers.Go(func() {
			for !ended.Load() {
				perform(task, operation, recorder, caller, time.Now())
			}
		})
	}
	result := recorder.measure(task)
	ended.Store(true)
	callers.Wait()
	return result
}

// Operations begin at fixed moments, whole milliseconds, whether earlier ones are answered or not. Latency begins at the moment that was
// meant, so that an operation which had to wait for a caller to become free is as slow as whoever asked has seen it.
func openLoop(task Task, operation Operation, recorder *recorder) Result {
	total := int((task.WarmUpSeconds + task.Seconds) * task.RatePerSecond)
	intended := make(chan time.Time, total+1)
	var under atomic.Int64
	for caller := range task.Callers {
		go func() {
			for start := range intended {
				perform(task, operation, recorder, caller, start)
				under.Add(-1)
			}
		}()
	}
	go func() {
		defer close(intended)
		// Timers of the runtime are up to a millisecond late when nothing else happens; a thread's own sleep is not.
		runtime.LockOSThread()
		began := time.Now()
		for number := range total {
			atMs := math.Ceil(float64(number+1) * 1000 / task.RatePerSecond)
			start := began.Add(time.Duration(atMs) * time.Millisecond)
			sleepUntil(start)
			under.Add(1)
			intended <- start
		}
	}()
	result := recorder.measure(task)
	// An operation that began within the measurement counts with its latency, however late its answer is.
	recorder.onlyLatencies.Store(true)
	deadline := time.Now().Add(lateMax)
	for under.Load() > 0 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	result.Unfinished = under.Load()
	result.LatencyUs = recorder.latency()
	return result
}

func sleepUntil(moment time.Time) {
	for wait := time.Until(moment); wait > 0; wait = time.Until(moment) {
		pause := syscall.NsecToTimespec(wait.Nanoseconds())
		// A signal may cut it short.
		_ = syscall.Nanosleep(&pause, nil)
	}
}

func perform(task Task, operation Operation, recorder *recorder, caller int, start time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), task.timeout())
	err := operation(ctx, caller)
	cancel()
	if err != nil {
		recorder.failed(err)
		time.Sleep(afterErrorPause)
	} else {
		recorder.done(start)
	}
}

// Of all threads of this process.
func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

// Tells whoever started this process, which then looks at the processes of the system.
func say(moment string) {
	fmt.Fprintln(os.Stderr, moment)
}
