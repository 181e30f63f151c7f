// Package cluster starts a real Kubernetes control plane on loopback ports: etcd
// and kube-apiserver, and if wanted the controllers, the scheduler and stand-ins
// for the kubelets. Options go in; a cluster with clients to its API and to its
// etcd comes out, and nothing of it is left after Close.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/test/process"
)

// Options say what the cluster has beside etcd and the API server.
type Options struct {
	// Controllers runs kube-controller-manager, which makes pods of workloads.
	Controllers bool
	// Only names the controllers to run, all of them if there is none. Those
	// of nodes would not stand for pods whose node is a test.
	Only []string
	// Scheduler runs kube-scheduler, which binds pods to nodes.
	Scheduler bool
	// Kubelets runs kwok, which plays the kubelet of every node, see stages.yaml.
	Kubelets bool
	// ServiceAccounts has every pod have an account and its token, which the
	// controllers make for each namespace. Else a pod needs none.
	ServiceAccounts bool
	// FeatureGates are the API server's, such as "ShardedListAndWatch=true".
	FeatureGates []string
	// Users may authenticate by token beside the administrator.
	Users []User
}

// Everything is a cluster in which a Deployment that is created becomes running pods.
var Everything = Options{Controllers: true, Scheduler: true, Kubelets: true}

// startLimit bounds the time that a component has to become ready.
const startLimit = 90 * time.Second

// errPortTaken says that somebody else took a port between its choice and its use.
var errPortTaken = errors.New("port taken")

// Cluster is a running control plane. Killing and starting the API server must
// not be done concurrently; everything else may.
type Cluster struct {
	// URL is where the API server listens; it stays the same over restarts.
	URL string
	// CA is the file with the certificate that signed the API server's.
	CA string
	// Kubeconfig is the file with the administrator's access.
	Kubeconfig string
	// Config is the administrator's access, without client-side rate limits.
	Config *rest.Config
	// Client is a client by Config.
	Client kubernetes.Interface
	// Etcd is a client of the cluster's storage.
	Etcd *clientv3.Client

	dir       string
	program   string // the control plane's components, in one
	opts      Options
	ports     ports
	admin     User
	etcd      *process.Process
	apiServer *process.Process
	others    []*process.Process
}

type ports struct{ client, peer, api int }

// New starts a cluster that keeps its files under dir and returns when its API
// server is ready. After an error nothing is left running.
func New(ctx context.Context, dir string, opts Options) (*Cluster, error) {
	program, err := process.Built("controlplane")
	if err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		c := &Cluster{
			dir:     filepath.Join(dir, fmt.Sprintf("cluster-%d", attempt)),
			program: program,
			opts:    opts,
			admin:   User{Name: "admin", Groups: []string{"system:masters"}},
		}
		err := c.start(ctx)
		if err == nil {
			return c, nil
		}
		err = errors.Join(err, c.Close())
		if attempt == 3 || !errors.Is(err, errPortTaken) {
			return nil, err
		}
	}
}

// start starts everything, in the order in which one needs the other.
func (c *Cluster) start(ctx context.Context) error {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return fmt.Errorf("start cluster: %w", err)
	}
	free, err := process.FreePorts(3)
	if err != nil {
		return fmt.Errorf("start cluster: %w", err)
	}
	c.ports = ports{client: free[0], peer: free[1], api: free[2]}
	c.URL = fmt.Sprintf("https://127.0.0.1:%d", c.ports.api)
	if err := c.writeFiles(); err != nil {
		return fmt.Errorf("start cluster: %w", err)
	}
	if err := c.connect(); err != nil {
		return fmt.Errorf("start cluster: %w", err)
	}
	if err := c.startEtcd(ctx); err != nil {
		return fmt.Errorf("start etcd: %w", err)
	}
	if err := c.StartAPIServer(ctx); err != nil {
		return err
	}
	return c.startOthers(ctx)
}

// connect builds the clients; none of them talks yet.
func (c *Cluster) connect() (err error) {
	c.Config = &rest.Config{
		Host:            c.URL,
		BearerToken:     c.admin.token(),
		TLSClientConfig: rest.TLSClientConfig{CAFile: c.CA},
		QPS:             -1,
	}
	if c.Client, err = kubernetes.NewForConfig(c.Config); err != nil {
		return fmt.Errorf("build client: %w", err)
	}
	c.Etcd, err = newEtcdClient(c.etcdURL())
	return err
}

// KillAPIServer ends the API server by SIGKILL, so that watches break at once:
// asked politely it would keep serving them for a minute.
func (c *Cluster) KillAPIServer() error {
	if err := c.apiServer.Kill(); err != nil {
		return fmt.Errorf("kill API server: %w", err)
	}
	return nil
}

// StartAPIServer starts the API server, for the first time or after
// KillAPIServer on the same port, and returns when it is ready.
func (c *Cluster) StartAPIServer(ctx context.Context) error {
	if err := c.startAPIServer(ctx); err != nil {
		return fmt.Errorf("start API server: %w", err)
	}
	return nil
}

// RestartAPIServer kills the API server and starts it with other feature gates.
func (c *Cluster) RestartAPIServer(ctx context.Context, gates ...string) error {
	if err := c.KillAPIServer(); err != nil {
		return err
	}
	c.opts.FeatureGates = gates
	return c.StartAPIServer(ctx)
}

// CompactEtcd makes etcd forget every revision but the present one. A watch that
// is resumed from before that must begin again with a list.
func (c *Cluster) CompactEtcd(ctx context.Context) error {
	now, err := c.Etcd.Get(ctx, "/registry/compaction")
	if err != nil {
		return fmt.Errorf("compact etcd: %w", err)
	}
	if _, err := c.Etcd.Compact(ctx, now.Header.Revision, clientv3.WithCompactPhysical()); err != nil {
		return fmt.Errorf("compact etcd: %w", err)
	}
	return nil
}

// Close ends every process of the cluster. The files stay.
func (c *Cluster) Close() error {
	var errs []error
	for _, p := range c.processes() {
		errs = append(errs, p.Kill())
	}
	if c.Etcd != nil {
		errs = append(errs, c.Etcd.Close())
	}
	return errors.Join(errs...)
}

// Await calls condition until it returns nil, ctx ends, or a component dies.
func (c *Cluster) Await(ctx context.Context, limit time.Duration, condition func(context.Context) error) error {
	return process.Within(ctx, limit, condition, c.processes()...)
}

// processes are all that were started, those first that need the others.
func (c *Cluster) processes() []*process.Process {
	all := append([]*process.Process(nil), c.others...)
	for _, p := range []*process.Process{c.apiServer, c.etcd} {
		if p != nil {
			all = append(all, p)
		}
	}
	return all
}

// portTaken marks err when the process ended because of a port in use.
func portTaken(err error, p *process.Process) error {
	if p.Err() != nil && strings.Contains(p.Tail(1<<16), "address already in use") {
		return errors.Join(errPortTaken, err)
	}
	return err
}
