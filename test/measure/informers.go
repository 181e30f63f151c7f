package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
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

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/process"
)

// groups are where the API has the resources that can be measured.
var groups = map[string]schema.GroupVersion{
	"cronjobs":                 batchv1.SchemeGroupVersion,
	"daemonsets":               appsv1.SchemeGroupVersion,
	"deployments":              appsv1.SchemeGroupVersion,
	"horizontalpodautoscalers": autoscalingv2.SchemeGroupVersion,
	"jobs":                     batchv1.SchemeGroupVersion,
	"nodes":                    corev1.SchemeGroupVersion,
	"persistentvolumeclaims":   corev1.SchemeGroupVersion,
	"pods":                     corev1.SchemeGroupVersion,
	"statefulsets":             appsv1.SchemeGroupVersion,
}

func allResources() []string { return slices.Sorted(maps.Keys(groups)) }

// synced is what the informers' process says when they have everything.
const synced = "synced"

// runInformers is the program that is measured as yardstick: it watches the
// resources as any controller does, and keeps what it gets.
func runInformers(ctx context.Context, kubeconfig string, resources []string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.ContentType = runtime.ContentTypeProtobuf
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	for _, resource := range resources {
		group, ok := groups[resource]
		if !ok {
			return fmt.Errorf("no informer of %s", resource)
		}
		informer, err := factory.ForResource(group.WithResource(resource))
		if err != nil {
			return err
		}
		informer.Informer() // having asked for it has the factory start it
	}
	factory.Start(ctx.Done())
	for resource, ok := range factory.WaitForCacheSync(ctx.Done()) {
		if !ok {
			return fmt.Errorf("sync %s: %w", resource, context.Cause(ctx))
		}
	}
	fmt.Println(synced)
	<-ctx.Done()
	return nil
}

// measureInformers runs this program again as runInformers.
func measureInformers(ctx context.Context, log string, c *cluster.Cluster, opts options) (w watched, err error) {
	self, err := os.Executable()
	if err != nil {
		return w, err
	}
	begin := time.Now()
	p, err := process.Start(log, self, "-informers", c.Kubeconfig, "-resources", strings.Join(opts.resources, ","))
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, p.Kill()) }()
	return w, w.watch(ctx, p, begin, opts.idle, func(context.Context) error {
		if !strings.Contains(p.Tail(1024), synced) {
			return errors.New("informers are not synced")
		}
		return nil
	})
}
