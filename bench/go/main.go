// The benchmark workloads in Go: `bench-go WORKLOAD` prints nanoseconds per
// operation, and further figures of the same run by name. What each does is said in
// bench/README.md.
package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var workloads = map[string]func() float64{
	"spawn":           spawn,
	"yield":           yield,
	"ticker":          lateness,
	"blockers-ticker": besideBlockers,
	"pingpong":        pingpong,
	"ring":            ring,
	"chan-alone":      chanAlone,
	"spsc":            spsc,
	"mpmc":            mpmc,
	"select":          selects,
	"sieve":           sieve,
	"hogs":            besideHogs,
	"skynet":          skynet,
	"memory":          memory,
	"parallel":        parallel,
	"echo":            echo,
	"blockers":        blockers,
	"sleepers":        sleepers,
	"timer-func":      timerFunc,
	"timer-stop":      timerStop,
	"timer-reset":     timerReset,
	"timer-pending":   timerPending,
	"timer-select":    timerSelect,
	"mutex":           mutex,
	"mutex-alone":     mutexAlone,
	"rwlock-100":      readMostly(100),
	"rwlock-10":       readMostly(10),
	"rwlock-read":     readMostly(each),
	"read-alone":      readAlone,
	"write-alone":     writeAlone,
	"cancel-chain":    cancelChain,
	"cancel-wide":     cancelWide,
	"cancel-tree":     cancelTree,
	"context-timeout": contextTimeout,
}

func main() {
	name := ""
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	run, ok := workloads[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "not applicable: no workload `%s`\n", name)
		os.Exit(1)
	}
	fmt.Printf("%.3f\n", run())
}

// detail prints a further figure of the same run.
func detail(name string, figure float64) {
	fmt.Printf("%s %.3f\n", name, figure)
}

// scaled: so many operations, times the environment's BENCH_SCALE; at least one.
func scaled(operations int) int {
	text, ok := os.LookupEnv("BENCH_SCALE")
	if !ok {
		return operations
	}
	scale, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(err)
	}
	return max(1, int(float64(operations)*scale))
}

func timed(operations int, f func()) float64 {
	start := time.Now()
	f()
	return float64(time.Since(start).Nanoseconds()) / float64(operations)
}

// spawn: 1 M goroutines that only count down; the main goroutine waits for the last.
func spawn() float64 {
	goroutines := scaled(1_000_000)
	return timed(goroutines, func() {
		var left sync.WaitGroup
		left.Add(goroutines)
		for range goroutines {
			go func() { left.Done() }()
		}
		left.Wait()
	})
}

// yield: 100 goroutines that yield 20 000 times each.
func yield() float64 {
	const goroutines = 100
	yields := scaled(20_000)
	return timed(goroutines*yields, func() {
		var done sync.WaitGroup
		done.Add(goroutines)
		for range goroutines {
			go func() {
				for range yields {
					runtime.Gosched()
				}
				done.Done()
			}()
		}
		done.Wait()
	})
}

// blockers-ticker: the ticker beside goroutines that are stuck in read(2).
func besideBlockers() float64 {
	const blockers = 64
	var entering atomic.Int64
	for range blockers {
		var pipe [2]int
		// Not os.Pipe: reading that parks instead of blocking a thread.
		if err := syscall.Pipe(pipe[:]); err != nil {
			panic(err)
		}
		go func() {
			entering.Add(1)
			syscall.Read(pipe[0], make([]byte, 1))
		}()
	}
	for entering.Load() < blockers {
		runtime.Gosched()
	}
	return lateness()
}

// hogs: the ticker beside twice as many endless loops as there are processors.
func besideHogs() float64 {
	hogs := 2 * runtime.GOMAXPROCS(0)
	var running atomic.Int64
	for range hogs {
		go func() {
			running.Add(1)
			for count := 0; ; count++ {
			}
		}()
	}
	for running.Load() < int64(hogs) {
		runtime.Gosched()
	}
	return lateness()
}

// ticker: how late 99 of 100 ticks of a millisecond are at most. The schedule is
// fixed: ticks that became due while an earlier one was late follow at once.
func lateness() float64 {
	const period = time.Millisecond
	ticks := scaled(3_000)
	late := make([]time.Duration, 0, ticks)
	due := time.Now().Add(period)
	for len(late) < ticks {
		time.Sleep(time.Until(due))
		late = append(late, time.Since(due))
		due = due.Add(period)
	}
	slices.Sort(late)
	detail("median", float64(late[ticks/2].Nanoseconds()))
	detail("maximum", float64(late[ticks-1].Nanoseconds()))
	return float64(late[ticks*99/100].Nanoseconds())
}
