// The benchmark workloads in Go: `bench-go WORKLOAD` prints nanoseconds per
// operation. What each does is said in bench/README.md.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
)

var workloads = map[string]func() (int, time.Duration){
	"spawn":    spawn,
	"yield":    yield,
	"pingpong": pingpong,
	"ring":     ring,
	"spsc":     spsc,
	"mpmc":     mpmc,
	"select":   selects,
	"sieve":    sieve,
}

func main() {
	name := ""
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	run, ok := workloads[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "bench-go: no workload `%s`\n", name)
		os.Exit(1)
	}
	operations, elapsed := run()
	fmt.Printf("%.2f\n", float64(elapsed.Nanoseconds())/float64(operations))
}

func timed(operations int, f func()) (int, time.Duration) {
	start := time.Now()
	f()
	return operations, time.Since(start)
}

// spawn: 1 M goroutines that only count down; the main goroutine waits for the last.
func spawn() (int, time.Duration) {
	const goroutines = 1_000_000
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
func yield() (int, time.Duration) {
	const goroutines, yields = 100, 20_000
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
