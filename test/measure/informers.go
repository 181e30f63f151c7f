package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kubestate/kubestate/test/process"
)

// populated are the resources of a populated cluster.
var populated = []schema.GroupVersionResource{
	appsv1.SchemeGroupVersion.WithResource("deployments"),
	appsv1.SchemeGroupVersion.WithResource("replicasets"),
	autoscalingv2.SchemeGroupVersion.WithResource("horizontalpodautoscalers"),
	batchv1.SchemeGroupVersion.WithResource("jobs"),
	corev1.SchemeGroupVersion.WithResource("configmaps"),
	corev1.SchemeGroupVersion.WithResource("namespaces"),
	corev1.SchemeGroupVersion.WithResource("nodes"),
	corev1.SchemeGroupVersion.WithResource("pods"),
	corev1.SchemeGroupVersion.WithResource("secrets"),
	corev1.SchemeGroupVersion.WithResource("services"),
}

// synced is the output of synced informers.
const synced = "synced"

// runInformers is the reference program: informers of built-in or custom resources.
func runInformers(ctx context.Context, kubeconfig string, custom bool) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	if custom {
		return runDynamicInformers(ctx, config)
	}
	config.ContentType = runtime.ContentTypeProtobuf
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	for _, resource := range populated {
		informer, err := factory.ForResource(resource)
		if err != nil {
			return err
		}
		informer.Informer() // registers it with the factory
	}
	return runFactory(ctx, factory.Start, factory.WaitForCacheSync)
}

// runFactory runs the informers of a factory until ctx ends, and prints synced once they are.
func runFactory[K comparable](ctx context.Context, start func(stop <-chan struct{}), sync func(stop <-chan struct{}) map[K]bool) error {
	start(ctx.Done())
	for resource, ok := range sync(ctx.Done()) {
		if !ok {
			return fmt.Errorf("sync %v: %w", resource, context.Cause(ctx))
		}
	}
	fmt.Println(synced)
	<-ctx.Done()
	return nil
}

// startInformers runs this program as runInformers, and waits until the informers are synced and
// were idle for a while.
func (b *bench) startInformers(ctx context.Context, name string, idle time.Duration) (_ *process.Process, f usage, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, f, err
	}
	begin := time.Now()
	p, err := process.Start(b.path(name+".log"), self, "-informers", b.cluster.Kubeconfig, "-custom", fmt.Sprint(b.custom))
	if err != nil {
		return nil, f, err
	}
	err = f.start(ctx, p, begin, idle, func(context.Context) error {
		if !strings.Contains(p.Tail(1024), synced) {
			return errors.New("informers are not synced")
		}
		return nil
	})
	if err != nil {
		return nil, f, errors.Join(err, p.Kill())
	}
	return p, f, nil
}

// warmUp runs informers until they are synced.
func (b *bench) warmUp(ctx context.Context) error {
	p, _, err := b.startInformers(ctx, "warm-up", 0)
	if err != nil {
		return err
	}
	return p.Kill()
}

// measureInformers measures bare informers.
func (b *bench) measureInformers(ctx context.Context, u *updater) (_ *usage, err error) {
	progress("measuring informers")
	p, f, err := b.startInformers(ctx, "informers", b.idle)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Kill()) }()
	if f.idle, err = cpuOver(ctx, p.Pid(), b.window); err != nil {
		return nil, err
	}
	f.cost, err = b.measureCost(ctx, p.Pid(), f.idle, u, func(context.Context) error { return nil })
	return &f, err
}
