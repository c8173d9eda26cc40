package main

import (
	"crypto/sha256"
	"encoding/binary"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// skynet: a tree of goroutines, ten below each, with a million at the bottom; each
// sends the sum of those below it to the one above, on a channel without buffer.
func skynet() float64 {
	const fanOut = 10
	// The largest tree of this fan-out that is not larger.
	leaves, goroutines := 1, 1
	for limit := scaled(1_000_000); leaves*fanOut <= limit; {
		leaves *= fanOut
		goroutines += leaves
	}
	var node func(result chan uint64, number, leaves int)
	node = func(result chan uint64, number, leaves int) {
		if leaves == 1 {
			result <- uint64(number)
			return
		}
		sums := make(chan uint64)
		below := leaves / fanOut
		for child := range fanOut {
			go node(sums, number+child*below, below)
		}
		sum := uint64(0)
		for range fanOut {
			sum += <-sums
		}
		result <- sum
	}
	return timed(goroutines, func() {
		result := make(chan uint64)
		go node(result, 0, leaves)
		check(<-result == uint64(leaves)*uint64(leaves-1)/2)
	})
}

// usage: resident memory and page tables of this process, in bytes.
func usage() (resident, tables float64) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		panic(err)
	}
	field := func(line, name string, to *float64) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			kilobytes, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			if err != nil {
				panic(err)
			}
			*to = 1024 * kilobytes
		}
	}
	for line := range strings.Lines(string(text)) {
		field(line, "VmRSS:", &resident)
		field(line, "VmPTE:", &tables)
	}
	return
}

// memory: 1 M goroutines that wait on one channel, and what each keeps resident.
func memory() float64 {
	goroutines := scaled(1_000_000)
	c := make(chan uint64)
	var started atomic.Int64
	residentBefore, tablesBefore := usage()
	for range goroutines {
		go func() {
			started.Add(1)
			<-c
		}()
	}
	last, tables := usage()
	for quiet := 0; quiet < 3 || started.Load() < int64(goroutines); {
		time.Sleep(100 * time.Millisecond)
		resident, now := usage()
		if resident-last < 1<<20 && last-resident < 1<<20 {
			quiet++
		} else {
			quiet = 0
		}
		last, tables = resident, now
	}
	detail("page_tables", (tables-tablesBefore)/float64(goroutines))
	bytes := (last - residentBefore) / float64(goroutines)
	close(c)
	return bytes
}

// parallel: SHA-256 over blocks of 64 MiB, a goroutine for each: how much faster on
// all processors than on one.
func parallel() float64 {
	const block = 64 << 20
	bytes := make([]byte, block)
	for i := range bytes {
		bytes[i] = byte(i * 31 % 251)
	}
	processors := runtime.GOMAXPROCS(0)
	blocks := max(scaled(16), processors)
	run := func(processors int) (time float64, sum uint64) {
		runtime.GOMAXPROCS(processors)
		var all atomic.Uint64
		time = timed(blocks, func() {
			var workers sync.WaitGroup
			for index := range uint64(blocks) {
				workers.Go(func() {
					hash := sha256.New()
					hash.Write(binary.LittleEndian.AppendUint64(nil, index))
					hash.Write(bytes)
					all.Add(binary.LittleEndian.Uint64(hash.Sum(nil)))
				})
			}
			workers.Wait()
		})
		return time, all.Load()
	}
	alone, sumAlone := run(1)
	together, sumTogether := run(processors)
	check(sumAlone == sumTogether)
	detail("ns_block_alone", alone)
	detail("ns_block_together", together)
	return alone / together
}
