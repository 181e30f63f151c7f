// Package cluster starts a real Kubernetes control plane on loopback ports: etcd and kube-apiserver,
// and optionally the controllers, the scheduler and simulated kubelets. Close ends all processes.
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

// Options configure a cluster.
type Options struct {
	// Controllers runs kube-controller-manager.
	Controllers bool
	// Only names the controllers to run; none for all. Node controllers evict pods of nodes without
	// a kubelet.
	Only []string
	// Scheduler runs kube-scheduler.
	Scheduler bool
	// Kubelets runs kwok, which simulates the kubelet of every node by stages.yaml.
	Kubelets bool
	// ServiceAccounts enables the admission plugin ServiceAccount, for which controllers create
	// accounts.
	ServiceAccounts bool
	// FeatureGates are the API server's, such as "ShardedListAndWatch=true".
	FeatureGates []string
	// Users may authenticate by token besides the administrator.
	Users []User
}

// Everything has all that runs the pods of a Deployment.
var Everything = Options{Controllers: true, Scheduler: true, Kubelets: true}

// startLimit bounds the start of a component.
const startLimit = 90 * time.Second

// errPortTaken is the error of a port that was taken between its choice and its use.
var errPortTaken = errors.New("port taken")

// Cluster is a running control plane. It may be used concurrently, except to kill and start the API
// server.
type Cluster struct {
	// URL is the API server's URL, the same after restarts.
	URL string
	// CA is the file of the API server's certificate authority.
	CA string
	// Kubeconfig is the file of the administrator's kubeconfig.
	Kubeconfig string
	// Config is the administrator's configuration, without client-side rate limits.
	Config *rest.Config
	// Client is a client with Config.
	Client kubernetes.Interface
	// Etcd is a client of the cluster's storage.
	Etcd *clientv3.Client

	dir       string
	program   string // of all control plane components
	opts      Options
	ports     ports
	admin     User
	etcd      *process.Process
	apiServer *process.Process
	others    []*process.Process
}

type ports struct{ client, peer, api int }

// New starts a cluster with its files below dir, and returns when its API server is ready. After an
// error no process is left.
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

// start starts all components in the order of their dependencies.
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

// connect builds the clients, without connections.
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

// KillAPIServer ends the API server by SIGKILL, so that watches break at once: after SIGTERM it
// serves them for a minute.
func (c *Cluster) KillAPIServer() error {
	if err := c.apiServer.Kill(); err != nil {
		return fmt.Errorf("kill API server: %w", err)
	}
	return nil
}

// StartAPIServer starts the API server, on the same port after KillAPIServer, and returns when it is
// ready.
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

// CompactEtcd compacts etcd to the present revision: a watch from an earlier one must relist.
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

// Close ends every process of the cluster, and keeps the files.
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

// Await calls condition until it returns nil, ctx or limit ends, or a component ends.
func (c *Cluster) Await(ctx context.Context, limit time.Duration, condition func(context.Context) error) error {
	return process.Within(ctx, limit, condition, c.processes()...)
}

// processes returns all processes, in the reverse order of their start.
func (c *Cluster) processes() []*process.Process {
	all := append([]*process.Process(nil), c.others...)
	for _, p := range []*process.Process{c.apiServer, c.etcd} {
		if p != nil {
			all = append(all, p)
		}
	}
	return all
}

// portTaken marks err if the process ended because of a port in use.
func portTaken(err error, p *process.Process) error {
	if p.Err() != nil && strings.Contains(p.Tail(1<<16), "address already in use") {
		return errors.Join(errPortTaken, err)
	}
	return err
}
