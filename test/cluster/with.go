package cluster

import (
	"context"
	"errors"
	"os"
)

// With runs f with a cluster and a temporary directory.
func With(ctx context.Context, opts Options, f func(dir string, c *Cluster) error) (err error) {
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
	return f(dir, c)
}
