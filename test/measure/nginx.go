package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// nginxConfig has nginx serve the plain and the compressed file by sendfile, without logs. A single
// process leaves no workers behind, and needs no user for them.
const nginxConfig = `daemon off;
master_process off;
pid nginx.pid;
error_log stderr warn;
events {}
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	gzip_static on;
	default_type text/plain;
	client_body_temp_path temp;
	proxy_temp_path temp;
	fastcgi_temp_path temp;
	uwsgi_temp_path temp;
	scgi_temp_path temp;
	server {
		listen 127.0.0.1:%d;
		root files;
	}
}
`

// nginx is a running nginx, the reference for scrapes.
type nginx struct {
	*process.Process
	url string
	dir string
}

// plain and compressed are the files that nginx serves at url, without and with gzip.
func (n *nginx) plain() string      { return filepath.Join(n.dir, "files", "metrics") }
func (n *nginx) compressed() string { return n.plain() + ".gz" }

// startNginx starts the program with its files below dir, and returns when it serves.
func startNginx(ctx context.Context, program, dir string) (*nginx, error) {
	program, err := filepath.Abs(program)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, "files"), 0o700); err != nil {
		return nil, err
	}
	ports, err := process.FreePorts(1)
	if err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, nginxConfig, ports[0]), 0o600); err != nil {
		return nil, err
	}
	p, err := process.Start(filepath.Join(dir, "nginx.log"), program, "-p", dir, "-c", config, "-e", "stderr")
	if err != nil {
		return nil, err
	}
	n := &nginx{Process: p, url: fmt.Sprintf("http://127.0.0.1:%d/metrics", ports[0]), dir: dir}
	serves := func(ctx context.Context) error {
		_, _, err := exporter.Get(ctx, n.url)
		return err
	}
	if err := process.Within(ctx, 10*time.Second, serves, p); err != nil {
		return nil, errors.Join(fmt.Errorf("start nginx: %w", err), p.Kill())
	}
	return n, nil
}
