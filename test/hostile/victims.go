package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// guest is a user without rights.
var guest = cluster.User{Name: "guest"}

// victims are the programs under attack, and the Prometheus beside them.
type victims struct {
	cluster      *cluster.Cluster
	dir, program string

	programs   []*exporter.Exporter
	names      []string // of the programs
	targets    []target
	roots      *x509.CertPool
	prometheus *process.Process
	url        string // of Prometheus
}

// target is a port.
type target struct {
	name, address    string
	telemetry, byTLS bool
	guest            string // the token of guest; empty without the auth filter
}

// The account of Prometheus, which may get /metrics by a default role.
const namespace, account, role = "monitoring", "prometheus", "system:monitoring"

func (v *victims) start(ctx context.Context, interval time.Duration) error {
	authority, key, err := cluster.WriteCA(v.file("ca.crt"))
	if err != nil {
		return err
	}
	text, err := os.ReadFile(v.file("ca.crt"))
	if err != nil {
		return err
	}
	v.roots = x509.NewCertPool()
	v.roots.AppendCertsFromPEM(text)
	if err := errors.Join(
		cluster.WriteServing(authority, key, v.file("server.crt"), v.file("server.key")),
		os.WriteFile(v.file("web.yaml"), []byte("tls_server_config: {cert_file: server.crt, key_file: server.key}\n"), 0o600),
		v.createAccount(ctx), v.newToken(ctx),
	); err != nil {
		return err
	}
	if err := v.run(ctx, "open"); err != nil {
		return err
	}
	if err := v.run(ctx, "secured", "--auth-filter", "--tls-config", v.file("web.yaml")); err != nil {
		return err
	}
	return v.startPrometheus(ctx, interval)
}

// run starts a program with the arguments.
func (v *victims) run(ctx context.Context, name string, args ...string) error {
	e, err := exporter.Start(ctx, v.file(name+".log"), v.program, append(args, "--kubeconfig", v.cluster.Kubeconfig)...)
	if err != nil {
		return err
	}
	v.programs, v.names = append(v.programs, e), append(v.names, name)
	token := ""
	if len(args) > 0 {
		token = v.cluster.Token(guest)
	}
	for _, url := range []string{e.Scrapes, e.Telemetry} {
		port := target{
			name: name + " main", address: strings.TrimPrefix(url, "http://"), telemetry: url == e.Telemetry, byTLS: len(args) > 0, guest: token,
		}
		if port.telemetry {
			port.name = name + " telemetry"
		}
		v.targets = append(v.targets, port)
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: v.roots}}}
	defer client.CloseIdleConnections()
	url := e.Telemetry + "/readyz"
	if len(args) > 0 {
		url = strings.Replace(url, "http:", "https:", 1)
	}
	return process.Within(ctx, 2*time.Minute, func(context.Context) error {
		response, err := client.Get(url)
		if err != nil {
			return err
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", url, response.Status)
		}
		return nil
	}, e.Process)
}

func (v *victims) createAccount(ctx context.Context) error {
	core, meta := v.cluster.Client.CoreV1(), metav1.ObjectMeta{Name: account}
	if _, err := core.Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	err := process.Within(ctx, time.Minute, func(ctx context.Context) error { // the namespace may not be visible yet
		_, err := core.ServiceAccounts(namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: meta}, metav1.CreateOptions{})
		return err
	})
	if err != nil {
		return err
	}
	_, err = v.cluster.Client.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: account}},
	}, metav1.CreateOptions{})
	return err
}

// newToken renews the token of Prometheus, as a kubelet does.
func (v *victims) newToken(ctx context.Context) error {
	accounts := v.cluster.Client.CoreV1().ServiceAccounts(namespace)
	seconds := int64(12 * time.Hour / time.Second)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	created, err := accounts.CreateToken(ctx, account, request, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("token for Prometheus: %w", err)
	}
	next := v.file("token.next")
	if err := os.WriteFile(next, []byte(created.Status.Token), 0o600); err != nil {
		return err
	}
	return os.Rename(next, v.file("token"))
}

// rotate renews the token at intervals until ctx ends.
func (v *victims) rotate(ctx context.Context, every time.Duration) error {
	for process.Sleep(ctx, every) == nil {
		if err := v.newToken(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// startPrometheus starts a Prometheus that scrapes all targets.
func (v *victims) startPrometheus(ctx context.Context, interval time.Duration) error {
	program, err := process.Built("prometheus")
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "global: {scrape_interval: %s, scrape_timeout: %s}\nscrape_configs:\n", interval, min(interval, 10*time.Second))
	for _, t := range v.targets {
		fmt.Fprintf(&b, "- job_name: %s\n  static_configs: [{targets: [%q]}]\n", t.name, t.address)
		if t.byTLS {
			fmt.Fprintf(&b, "  scheme: https\n  tls_config: {ca_file: %s}\n  authorization: {credentials_file: %s}\n", v.file("ca.crt"), v.file("token"))
		}
	}
	ports, err := process.FreePorts(1)
	if err != nil {
		return err
	}
	if err := os.WriteFile(v.file("prometheus.yaml"), []byte(b.String()), 0o600); err != nil {
		return err
	}
	listen := fmt.Sprintf("127.0.0.1:%d", ports[0])
	v.url = "http://" + listen
	v.prometheus, err = process.Start(v.file("prometheus.log"), program, "--config.file", v.file("prometheus.yaml"),
		"--storage.tsdb.path", v.file("data"), "--web.listen-address", listen)
	if err != nil {
		return err
	}
	return process.Within(ctx, 2*time.Minute, v.scraping, v.prometheus)
}

// scraping returns nil if Prometheus has scraped all targets.
func (v *victims) scraping(ctx context.Context) error {
	scraped, err := v.instant(ctx, "up")
	if err != nil {
		return err
	}
	for _, t := range v.targets {
		if scraped[t.name] != 1 {
			return fmt.Errorf("%s: up is %v", t.name, scraped[t.name])
		}
	}
	return nil
}

func (v *victims) close() error {
	var errs []error
	if v.prometheus != nil {
		errs = append(errs, v.prometheus.Kill())
	}
	for _, p := range v.programs {
		errs = append(errs, p.Kill())
	}
	return errors.Join(errs...)
}
