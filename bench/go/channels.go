package main

import "sync"

func check(ok bool) {
	if !ok {
		panic("wrong result")
	}
}

// pingpong: 1 M messages there and back, on two channels without buffer.
func pingpong() float64 {
	trips := scaled(1_000_000)
	ping, pong := make(chan uint64), make(chan uint64)
	return timed(trips, func() {
		done := make(chan bool)
		go func() {
			for message := range ping {
				pong <- message
			}
			close(done)
		}()
		for i := range uint64(trips) {
			ping <- i
			check(<-pong == i)
		}
		close(ping)
		<-done
	})
}

// ring: a message that goes 1 000 times around 1 000 goroutines.
func ring() float64 {
	const members = 1_000
	laps := scaled(1_000)
	first := make(chan uint64)
	receiver := first
	for range members - 1 {
		from, next := receiver, make(chan uint64)
		go func() {
			for message := range from {
				next <- message + 1
			}
		}()
		receiver = next
	}
	return timed(members*laps, func() {
		for range laps {
			first <- 1
			check(<-receiver == members)
		}
	})
}

// chan-alone: 10 M messages that one goroutine sends to itself, with room for one.
func chanAlone() float64 {
	messages := scaled(10_000_000)
	c := make(chan uint64, 1)
	return timed(messages, func() {
		for i := range uint64(messages) {
			c <- i
			check(<-c == i)
		}
	})
}

// spsc: 10 M messages from one goroutine to another, with room for 1 024.
func spsc() float64 {
	messages := scaled(10_000_000)
	c := make(chan uint64, 1024)
	return timed(messages, func() {
		go func() {
			for i := range uint64(messages) {
				c <- i
			}
			close(c)
		}()
		sum := uint64(0)
		for message := range c {
			sum += message
		}
		check(sum == uint64(messages)*uint64(messages-1)/2)
	})
}

// mpmc: 4 M messages from four goroutines to four others, with room for 64.
func mpmc() float64 {
	const sides = 4
	each := scaled(1_000_000)
	c := make(chan uint64, 64)
	return timed(sides*each, func() {
		var producers sync.WaitGroup
		for range sides {
			producers.Go(func() {
				for i := range uint64(each) {
					c <- i
				}
			})
		}
		sums := make(chan uint64)
		for range sides {
			go func() {
				sum := uint64(0)
				for message := range c {
					sum += message
				}
				sums <- sum
			}()
		}
		producers.Wait()
		close(c)
		sum := uint64(0)
		for range sides {
			sum += <-sums
		}
		check(sum == sides*(uint64(each)*uint64(each-1)/2))
	})
}

// select: 2 M messages from four goroutines, each with a channel without buffer
// of its own, to one that selects.
func selects() float64 {
	each := scaled(500_000)
	producer := func() chan uint64 {
		c := make(chan uint64)
		go func() {
			for i := range uint64(each) {
				c <- i
			}
		}()
		return c
	}
	return timed(4*each, func() {
		a, b, c, d := producer(), producer(), producer(), producer()
		sum := uint64(0)
		for range 4 * each {
			select {
			case message := <-a:
				sum += message
			case message := <-b:
				sum += message
			case message := <-c:
				sum += message
			case message := <-d:
				sum += message
			}
		}
		check(sum == 4*(uint64(each)*uint64(each-1)/2))
	})
}

// sieve: the first 1 500 primes from a chain of as many filters.
func sieve() float64 {
	primes := scaled(1_500)
	last := uint64(0)
	time := timed(primes, func() {
		receiver := make(chan uint64)
		first := receiver
		go func() {
			for number := uint64(2); ; number++ {
				first <- number
			}
		}()
		prime := uint64(0)
		for range primes {
			prime = <-receiver
			from, next, divisor := receiver, make(chan uint64), prime
			go func() {
				for number := range from {
					if number%divisor != 0 {
						next <- number
					}
				}
			}()
			receiver = next
		}
		last = prime
	})
	check(last == primeOfRank(primes))
	return time
}

// primeOfRank: what the sieve must find last.
func primeOfRank(rank int) uint64 {
	var primes []uint64
	for number := uint64(2); len(primes) < rank; number++ {
		isPrime := true
		for _, prime := range primes {
			if prime*prime > number {
				break
			}
			if number%prime == 0 {
				isPrime = false
				break
			}
		}
		if isPrime {
			primes = append(primes, number)
		}
	}
	return primes[rank-1]
}
