package cluster

import (
	"context"
	"errors"
	"os"
)

// With starts a cluster with so many pods, in a directory of its own, for as long as f
// runs.
func With(ctx context.Context, opts Options, pods int, f func(dir string, c *Cluster) error) (err error) {
	dir, err := os.MkdirTemp("", "kubestate")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c, err := New(ctx, dir, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if _, err := c.Populate(ctx, pods); err != nil {
		return err
	}
	return f(dir, c)
}
