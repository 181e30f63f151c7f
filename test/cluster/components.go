package cluster

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/test/process"
)

// stages are kwok's stages of pods and nodes.
//
//go:embed stages.yaml
var stages []byte

// auditPolicy logs every list and watch, for Requests.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  verbs: [list, watch]
- level: None
`

func (c *Cluster) etcdURL() string { return fmt.Sprintf("http://127.0.0.1:%d", c.ports.client) }

func (c *Cluster) path(name string) string { return filepath.Join(c.dir, name) }

func newEtcdClient(url string) (*clientv3.Client, error) {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{url}, Logger: zap.NewNop()})
	if err != nil {
		return nil, fmt.Errorf("build etcd client: %w", err)
	}
	return client, nil
}

func (c *Cluster) startEtcd(ctx context.Context) (err error) {
	peer := fmt.Sprintf("http://127.0.0.1:%d", c.ports.peer)
	c.etcd, err = process.Start(c.path("etcd.log"), c.program, "etcd",
		"--data-dir", c.path("etcd"),
		"--listen-client-urls", c.etcdURL(),
		"--advertise-client-urls", c.etcdURL(),
		"--listen-peer-urls", peer,
		"--initial-advertise-peer-urls", peer,
		"--initial-cluster", "default="+peer,
		"--unsafe-no-fsync",
		"--quota-backend-bytes", fmt.Sprint(8<<30), // for large clusters that change a lot
		"--log-level", "warn",
	)
	if err != nil {
		return err
	}
	return portTaken(process.Within(ctx, startLimit, c.etcdAnswers, c.etcd), c.etcd)
}

func (c *Cluster) etcdAnswers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err := c.Etcd.Get(ctx, "/registry")
	return err
}

func (c *Cluster) startAPIServer(ctx context.Context) (err error) {
	args := []string{
		"kube-apiserver",
		"--etcd-servers", c.etcdURL(),
		"--bind-address", "127.0.0.1",
		"--advertise-address", "127.0.0.1",
		"--secure-port", fmt.Sprint(c.ports.api),
		"--cert-dir", c.dir,
		"--tls-cert-file", c.path("apiserver.crt"),
		"--tls-private-key-file", c.path("apiserver.key"),
		"--service-account-issuer", "https://kubernetes.default.svc",
		"--service-account-key-file", c.path("service-account.key"),
		"--service-account-signing-key-file", c.path("service-account.key"),
		"--token-auth-file", c.path("tokens.csv"),
		"--authorization-mode", "RBAC",
		"--service-cluster-ip-range", "10.96.0.0/16",
		// Endpoints of the API server itself would be a loopback address, which is invalid.
		"--endpoint-reconciler-type", "none",
		"--audit-policy-file", c.path("audit-policy.yaml"),
		"--audit-log-path", c.path("audit.log"),
	}
	if !c.opts.ServiceAccounts {
		args = append(args, "--disable-admission-plugins", "ServiceAccount")
	}
	if len(c.opts.FeatureGates) > 0 {
		args = append(args, "--feature-gates", strings.Join(c.opts.FeatureGates, ","))
	}
	c.apiServer, err = process.Start(c.path("kube-apiserver.log"), c.program, args...)
	if err != nil {
		return err
	}
	return portTaken(process.Within(ctx, startLimit, c.apiServerReady, c.apiServer), c.apiServer)
}

func (c *Cluster) apiServerReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var status int
	result := c.Client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).StatusCode(&status)
	if err := result.Error(); err != nil {
		return fmt.Errorf("ask /readyz: %w", err)
	}
	if status != http.StatusOK {
		return fmt.Errorf("ask /readyz: status %d", status)
	}
	return nil
}

// startOthers starts the optional components.
func (c *Cluster) startOthers(ctx context.Context) error {
	if c.opts.Controllers {
		if err := c.startControllers(ctx); err != nil {
			return fmt.Errorf("start controllers: %w", err)
		}
	}
	if c.opts.Scheduler {
		if err := c.startOther(c.program, "kube-scheduler",
			"--kubeconfig", c.Kubeconfig, "--leader-elect=false", "--secure-port", "0"); err != nil {
			return err
		}
	}
	if c.opts.Kubelets {
		return c.startKubelets()
	}
	return nil
}

func (c *Cluster) startControllers(ctx context.Context) error {
	only := "*"
	if len(c.opts.Only) > 0 {
		only = strings.Join(append(c.opts.Only, "serviceaccount-controller"), ",")
	}
	err := c.startOther(c.program, "kube-controller-manager",
		"--controllers", only,
		"--kubeconfig", c.Kubeconfig,
		"--leader-elect=false",
		"--secure-port", "0",
		"--service-account-private-key-file", c.path("service-account.key"),
		"--root-ca-file", c.CA,
		"--kube-api-qps", "500",
		"--kube-api-burst", "1000",
		"--horizontal-pod-autoscaler-sync-period", "1s",
		"--pvclaimbinder-sync-period", "1s",
	)
	if err != nil {
		return err
	}
	// The first visible effect of controllers.
	return c.Await(ctx, startLimit, func(ctx context.Context) error {
		_, err := c.Client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

func (c *Cluster) startKubelets() error {
	kwok, err := process.Built("kwok")
	if err != nil {
		return err
	}
	config := c.path("stages.yaml")
	if err := os.WriteFile(config, stages, 0o600); err != nil {
		return fmt.Errorf("start kwok: %w", err)
	}
	return c.startOther(kwok, "",
		"--config", config,
		"--kubeconfig", c.Kubeconfig,
		"--manage-all-nodes",
		"--node-lease-duration-seconds", "40",
	)
}

// startOther starts a program without waiting for it. command is its first argument, or empty, and
// names its log.
func (c *Cluster) startOther(program, command string, args ...string) error {
	name := command
	if command == "" {
		name = filepath.Base(program)
	} else {
		args = append([]string{command}, args...)
	}
	p, err := process.Start(c.path(name+".log"), program, args...)
	if err != nil {
		return err
	}
	c.others = append(c.others, p)
	return nil
}
