package main

import (
	"io"
	"net"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"time"
)

// echo: 100 connections over loopback; each sends 512 bytes and waits for them to come
// back, 2 000 times.
func echo() float64 {
	const connections, bytes = 100, 512
	requests := scaled(2_000)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				panic(err)
			}
			go func() {
				buffer := make([]byte, bytes)
				for {
					count, err := conn.Read(buffer)
					if err != nil {
						return
					}
					if _, err := conn.Write(buffer[:count]); err != nil {
						return
					}
				}
			}()
		}
	}()
	conns := make([]net.Conn, connections)
	for i := range conns {
		if conns[i], err = net.Dial("tcp", listener.Addr().String()); err != nil {
			panic(err)
		}
	}
	start := time.Now()
	results := make(chan []int64, connections)
	for _, conn := range conns {
		go func() {
			request, answer := make([]byte, bytes), make([]byte, bytes)
			times := make([]int64, 0, requests)
			for range requests {
				start := time.Now()
				if _, err := conn.Write(request); err != nil {
					panic(err)
				}
				if _, err := io.ReadFull(conn, answer); err != nil {
					panic(err)
				}
				times = append(times, time.Since(start).Nanoseconds())
			}
			results <- times
		}()
	}
	times := make([]int64, 0, connections*requests)
	for range conns {
		times = append(times, <-results...)
	}
	elapsed := float64(time.Since(start).Nanoseconds())
	slices.Sort(times)
	detail("round_trip_p99", float64(times[len(times)*99/100]))
	return elapsed / float64(len(times))
}

// blockers: the ring, beside 64 goroutines that are stuck in read(2) on a pipe: how many
// times as long it takes as without them.
func blockers() float64 {
	const blockers = 64
	ring()
	alone := ring()
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
	beside := ring()
	detail("ring_alone", alone)
	detail("ring_beside", beside)
	return beside / alone
}
