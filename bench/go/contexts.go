package main

import (
	"context"
	"time"
)

// Makes contexts and cancels the first, again and again: so many in all.
func trees(rounds, contexts int, plant func(root context.Context) []context.Context) float64 {
	rounds = scaled(rounds)
	return timed(rounds*contexts, func() {
		for range rounds {
			root, cancel := context.WithCancel(context.Background())
			tree := plant(root)
			cancel()
			check(tree[len(tree)-1].Err() != nil)
			check(len(tree) == contexts)
		}
	})
}

func child(parent context.Context) context.Context {
	// Cancelled by its parent.
	child, cancel := context.WithCancel(parent)
	_ = cancel
	return child
}

// cancel-chain: a chain of 1 000 contexts, each the child of the one before.
func cancelChain() float64 {
	return trees(1_000, 1_000, func(parent context.Context) []context.Context {
		chain := make([]context.Context, 0, 1_000)
		for range 1_000 {
			parent = child(parent)
			chain = append(chain, parent)
		}
		return chain
	})
}

// cancel-wide: 10 000 children of the same context.
func cancelWide() float64 {
	return trees(100, 10_000, func(root context.Context) []context.Context {
		children := make([]context.Context, 0, 10_000)
		for range 10_000 {
			children = append(children, child(root))
		}
		return children
	})
}

// cancel-tree: a tree of 11 110 contexts: each has ten children, down to 10 000 leaves.
func cancelTree() float64 {
	return trees(90, 11_110, func(root context.Context) []context.Context {
		var tree []context.Context
		for range 10 {
			tree = append(tree, child(root))
		}
		for next := 0; len(tree) < 11_110; next++ {
			for range 10 {
				tree = append(tree, child(tree[next]))
			}
		}
		return tree
	})
}

// context-timeout: 1 M contexts with a time-out of an hour, each cancelled at once.
func contextTimeout() float64 {
	contexts := scaled(1_000_000)
	root := context.Background()
	return timed(contexts, func() {
		for range contexts {
			ctx, cancel := context.WithTimeout(root, time.Hour)
			cancel()
			check(ctx.Err() != nil)
		}
	})
}
