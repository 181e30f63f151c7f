package standby

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/codecs"
)

// Annotations of the Lease beside the record of client-go, which has no room for them.
const (
	scrapedAnnotation  = "kubestate.io/scraped-holder"
	scrapersAnnotation = "kubestate.io/scrapers"
)

// api reads and writes one Lease.
type api struct {
	client          rest.Interface
	namespace, name string
	timeout         time.Duration // of a read or write
}

func newAPI(config *rest.Config, namespace, name string, timeout time.Duration) (*api, error) {
	c := rest.CopyConfig(config)
	c.GroupVersion, c.APIPath = &coordinationv1.SchemeGroupVersion, "/apis"
	c.NegotiatedSerializer = codecs.Of(coordinationv1.AddToScheme).WithoutConversion()
	c.ContentType, c.AcceptContentTypes = runtime.ContentTypeProtobuf, runtime.ContentTypeProtobuf+","+runtime.ContentTypeJSON
	client, err := rest.RESTClientFor(c)
	if err != nil {
		return nil, fmt.Errorf("client for %s: %w", coordinationv1.SchemeGroupVersion, err)
	}
	return &api{client: client, namespace: namespace, name: name, timeout: timeout}, nil
}

// of names the Lease in a request.
func (a *api) of(r *rest.Request) *rest.Request {
	return r.Namespace(a.namespace).Resource("leases").Name(a.name).MaxRetries(0)
}

// get returns the present record.
func (a *api) get(ctx context.Context) (Record, error) {
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	var lease coordinationv1.Lease
	err := a.of(a.client.Get()).Do(ctx).Into(&lease)
	return recordOf(&lease), err
}

// create creates the Lease without a holder and returns its record. It fails if the Lease exists, or if the
// role does not permit it.
func (a *api) create(ctx context.Context) (Record, error) {
	within, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	lease := coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: a.namespace, Name: a.name}}
	err := a.client.Post().Namespace(a.namespace).Resource("leases").MaxRetries(0).Body(&lease).Do(within).Into(&lease)
	if apierrors.IsAlreadyExists(err) {
		return a.get(ctx)
	}
	return recordOf(&lease), err
}

// write replaces the version that r names, and returns the next one. It fails with a conflict if another
// write has replaced it.
func (a *api) write(ctx context.Context, r Record) (Record, error) {
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": r.Version, "annotations": annotationsOf(r)},
		"spec":     specOf(r),
	})
	if err != nil {
		return Record{}, err
	}
	var lease coordinationv1.Lease
	err = a.of(a.client.Patch(types.MergePatchType)).Body(patch).Do(ctx).Into(&lease)
	return recordOf(&lease), err
}

// watch calls each with the versions after the given one, nil for a deletion, until the watch ends or has
// been idle for a time.
func (a *api) watch(ctx context.Context, after string, idle time.Duration, each func(*Record)) error {
	w, err := a.client.Get().Namespace(a.namespace).Resource("leases").MaxRetries(0).VersionedParams(&metav1.ListOptions{
		Watch: true, ResourceVersion: after, FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, a.name).String(),
	}, metav1.ParameterCodec).Watch(ctx)
	if err != nil {
		return err
	}
	defer w.Stop()
	silent := time.NewTimer(idle)
	defer silent.Stop()
	for {
		select {
		case <-silent.C:
			return nil
		case e, open := <-w.ResultChan():
			lease, ok := e.Object.(*coordinationv1.Lease)
			switch {
			case !open:
				return nil
			case !ok:
				return errors.New("watch: " + string(e.Type))
			case e.Type == watch.Deleted:
				each(nil)
			default:
				r := recordOf(lease)
				each(&r)
			}
			silent.Reset(idle)
		}
	}
}

// recordOf returns the record of a Lease, also of one that something else has written.
func recordOf(lease *coordinationv1.Lease) Record {
	spec := lease.Spec
	r := Record{Version: lease.ResourceVersion, Scraped: lease.Annotations[scrapedAnnotation]}
	if spec.HolderIdentity != nil {
		r.Holder = *spec.HolderIdentity
	}
	if spec.LeaseDurationSeconds != nil {
		r.Duration = time.Duration(*spec.LeaseDurationSeconds) * time.Second
	}
	if spec.LeaseTransitions != nil {
		r.Transitions = int(*spec.LeaseTransitions)
	}
	r.Acquired = cmp.Or(spec.AcquireTime, &metav1.MicroTime{}).Time
	r.Renewed = cmp.Or(spec.RenewTime, &metav1.MicroTime{}).Time
	if n, err := strconv.Atoi(lease.Annotations[scrapersAnnotation]); err == nil {
		r.Scrapers = max(0, n)
	}
	return r
}

func specOf(r Record) coordinationv1.LeaseSpec {
	seconds, transitions := int32(r.Duration/time.Second), int32(r.Transitions) //nolint:gosec // both are read from 32 bits, or checked
	return coordinationv1.LeaseSpec{
		HolderIdentity: &r.Holder, LeaseDurationSeconds: &seconds, LeaseTransitions: &transitions,
		AcquireTime: &metav1.MicroTime{Time: r.Acquired}, RenewTime: &metav1.MicroTime{Time: r.Renewed},
	}
}

// annotationsOf returns the annotations of a record, nil for those to remove.
func annotationsOf(r Record) map[string]any {
	all := map[string]any{scrapedAnnotation: nil, scrapersAnnotation: strconv.Itoa(r.Scrapers)}
	if r.Scraped != "" {
		all[scrapedAnnotation] = r.Scraped
	}
	return all
}
