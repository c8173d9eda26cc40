package main

import "sync"

const (
	// Goroutines that want the same lock.
	members = 8
	// How often each of them locks it.
	each = 500_000
	// How often one alone locks it.
	alone = 20_000_000
)

// together has all members do the same.
func together(member func()) {
	var done sync.WaitGroup
	done.Add(members)
	for range members {
		go func() {
			member()
			done.Done()
		}()
	}
	done.Wait()
}

type mutexCount struct {
	sync.Mutex
	count uint64
}

type rwMutexCount struct {
	sync.RWMutex
	count uint64
}

// What a program reads ends here.
var sink uint64

// mutex: 8 goroutines that lock a mutex 4 M times in all, each time to add one.
func mutex() float64 {
	var c mutexCount
	each := scaled(each)
	return timed(members*each, func() {
		together(func() {
			for range each {
				c.Lock()
				c.count++
				c.Unlock()
			}
		})
		check(c.count == members*uint64(each))
	})
}

// mutex-alone: a mutex that nobody else wants, 20 M times.
func mutexAlone() float64 {
	c := new(mutexCount)
	alone := scaled(alone)
	return timed(alone, func() {
		for range alone {
			c.Lock()
			c.count++
			c.Unlock()
		}
		check(c.count == uint64(alone))
	})
}

// 8 goroutines that lock 4 M times in all, one time in so many to write.
func readMostly(oneIn int) func() float64 {
	return func() float64 {
		each := scaled(each)
		var c rwMutexCount
		return timed(members*each, func() {
			together(func() {
				var sum uint64
				for i := range each {
					if i%oneIn == 0 {
						c.Lock()
						c.count++
						c.Unlock()
					} else {
						c.RLock()
						sum += c.count
						c.RUnlock()
					}
				}
				c.Lock()
				sink += sum
				c.Unlock()
			})
			check(c.count == members*uint64((each+oneIn-1)/oneIn))
		})
	}
}

// read-alone: a lock that nobody else wants, 20 M times to read.
func readAlone() float64 {
	c := &rwMutexCount{count: 1}
	alone := scaled(alone)
	return timed(alone, func() {
		for range alone {
			c.RLock()
			sink += c.count
			c.RUnlock()
		}
	})
}

// write-alone: a lock that nobody else wants, 20 M times to write.
func writeAlone() float64 {
	c := new(rwMutexCount)
	alone := scaled(alone)
	return timed(alone, func() {
		for range alone {
			c.Lock()
			c.count++
			c.Unlock()
		}
		check(c.count == uint64(alone))
	})
}
