package main

import (
	"sync"
	"time"
)

// sleepers: 1 M goroutines that sleep for up to a second, (i mod 1000) milliseconds.
func sleepers() float64 {
	goroutines := scaled(1_000_000)
	return timed(goroutines, func() {
		var left sync.WaitGroup
		left.Add(goroutines)
		for i := range goroutines {
			go func() {
				time.Sleep(time.Duration(i%1000) * time.Millisecond)
				left.Done()
			}()
		}
		left.Wait()
	})
}

// timer-func: 1 M functions that are called after up to a second, (i mod 1000)
// milliseconds.
func timerFunc() float64 {
	functions := scaled(1_000_000)
	return timed(functions, func() {
		var left sync.WaitGroup
		left.Add(functions)
		for i := range functions {
			time.AfterFunc(time.Duration(i%1000)*time.Millisecond, left.Done)
		}
		left.Wait()
	})
}

// timer-stop: 3 M timers that are set for an hour, and stopped at once.
func timerStop() float64 {
	timers := scaled(3_000_000)
	return timed(timers, func() {
		for range timers {
			check(time.AfterFunc(time.Hour, func() {}).Stop())
		}
	})
}

// timer-reset: 10 M times the same timer is set anew for an hour.
func timerReset() float64 {
	times := scaled(10_000_000)
	timer := time.AfterFunc(time.Hour, func() {})
	return timed(times, func() {
		for range times {
			check(timer.Reset(time.Hour))
		}
	})
}

// timer-pending: 1 M timers that are set for up to an hour, and stopped when all are.
func timerPending() float64 {
	timers := scaled(1_000_000)
	return timed(timers, func() {
		all := make([]*time.Timer, 0, timers)
		for i := range timers {
			// In no order.
			seconds := i * 7919 % 3600
			all = append(all, time.AfterFunc(time.Duration(60+seconds)*time.Second, func() {}))
		}
		for _, timer := range all {
			check(timer.Stop())
		}
	})
}

// timer-select: 1 M messages on a channel without buffer, each waited for with a timer
// of an hour beside it that is stopped then.
func timerSelect() float64 {
	messages := scaled(1_000_000)
	c := make(chan uint64)
	return timed(messages, func() {
		go func() {
			for i := range uint64(messages) {
				c <- i
			}
		}()
		for i := range uint64(messages) {
			timer := time.NewTimer(time.Hour)
			select {
			case message := <-c:
				check(message == i)
			case <-timer.C:
				check(false)
			}
			timer.Stop()
		}
	})
}
