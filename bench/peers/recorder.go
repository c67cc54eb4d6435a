package main

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	longestUs         = 120_000_000
	significantDigits = 3
	// So that callers on different cores rarely wait for each other.
	shards = 8
)

type shard struct {
	sync.Mutex
	histogram *hdrhistogram.Histogram
}

// recorder counts what ends, and how long it took, between two moments.
type recorder struct {
	shards [shards]shard
	next   atomic.Uint32
	// Nanoseconds since the epoch of this process: the beginning of the measurement; 0 before it.
	beganAt    atomic.Int64
	endedAt    atomic.Int64
	operations atomic.Int64
	conflicts  atomic.Int64
	// Set when time is over: what still comes in is recorded, but does not count as throughput.
	onlyLatencies atomic.Bool
	errorsLock    sync.Mutex
	errors        map[string]int64
	// Operations record themselves, as those with several parts do.
	byParts bool
}

var processBegan = time.Now()

func newRecorder() *recorder {
	made := &recorder{errors: map[string]int64{}}
	for at := range made.shards {
		made.shards[at].histogram = hdrhistogram.New(1, longestUs, significantDigits)
	}
	return made
}

// measure waits for the end of the warm-up, and then for that of the measurement.
func (recorder *recorder) measure(task Task) Result {
	time.Sleep(time.Duration(task.WarmUpSeconds * float64(time.Second)))
	say("measuring")
	cpuBegan := cpuSeconds()
	began := time.Now()
	recorder.beganAt.Store(int64(began.Sub(processBegan)))
	time.Sleep(time.Duration(task.Seconds * float64(time.Second)))
	ended := time.Now()
	recorder.endedAt.Store(int64(ended.Sub(processBegan)))
	cpu := cpuSeconds() - cpuBegan
	say("measured")
	return Result{
		Operations: recorder.operations.Load(),
		Seconds:    ended.Sub(began).Seconds(),
		Errors:     recorder.errorsUntilNow(),
		Conflicts:  recorder.conflicts.Load(),
		CPUSeconds: cpu,
		LatencyUs:  recorder.latency(),
	}
}

func (recorder *recorder) done(start time.Time) {
	if !recorder.byParts {
		recorder.record(start)
	}
}

// record counts one operation, or one part of it, that ends now.
func (recorder *recorder) record(start time.Time) {
	began, ended := recorder.beganAt.Load(), recorder.endedAt.Load()
	if began == 0 {
		return
	}
	if recorder.onlyLatencies.Load() || ended != 0 {
		// What was meant to begin within the measurement, answered late.
		since := int64(start.Sub(processBegan))
		if since < began || since >= ended || !recorder.onlyLatencies.Load() {
			return
		}
	} else {
		recorder.operations.Add(1)
	}
	latencyUs := max(1, min(longestUs, time.Since(start).Microseconds()))
	shard := &recorder.shards[recorder.next.Add(1)%shards]
	shard.Lock()
	_ = shard.histogram.RecordValue(latencyUs)
	shard.Unlock()
}

func (recorder *recorder) conflict() {
	if recorder.isMeasuring() {
		recorder.conflicts.Add(1)
	}
}

func (recorder *recorder) failed(err error) {
	if !recorder.isMeasuring() {
		return
	}
	recorder.errorsLock.Lock()
	recorder.errors[codeOf(err)]++
	recorder.errorsLock.Unlock()
}

func (recorder *recorder) isMeasuring() bool {
	return recorder.beganAt.Load() != 0 && recorder.endedAt.Load() == 0
}

func (recorder *recorder) errorsUntilNow() map[string]int64 {
	recorder.errorsLock.Lock()
	defer recorder.errorsLock.Unlock()
	counted := map[string]int64{}
	for code, count := range recorder.errors {
		counted[code] = count
	}
	return counted
}

func (recorder *recorder) latency() Latency {
	all := hdrhistogram.New(1, longestUs, significantDigits)
	for at := range recorder.shards {
		shard := &recorder.shards[at]
		shard.Lock()
		all.Merge(shard.histogram)
		shard.Unlock()
	}
	return Latency{
		P50:  all.ValueAtQuantile(50),
		P99:  all.ValueAtQuantile(99),
		P999: all.ValueAtQuantile(99.9),
		Max:  all.Max(),
	}
}
