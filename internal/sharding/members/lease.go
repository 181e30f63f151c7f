package members

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/handover"
)

// A prefix precedes the number of a member in the name of its claim's annotation. That of pairs of pods
// differs: members with and without an Election, which have other numbers, do not see each other.
type prefix string

const (
	ofShards prefix = "kubestate.io/shard-"
	ofPairs  prefix = "kubestate.io/pair-"
)

// of is the name of a member's annotation.
func (p prefix) of(number int) string { return string(p) + strconv.Itoa(number) }

// An entry is a claim in the format of its annotation.
type entry struct {
	Holder   string `json:"holder"`
	Since    string `json:"since,omitempty"`
	Serial   int64  `json:"serial"`
	Epoch    int64  `json:"epoch,omitempty"`
	Ranges   string `json:"ranges"`
	Leaving  bool   `json:"leaving,omitempty"`
	Filtered bool   `json:"filtered,omitempty"`
	Scrapers int    `json:"scrapers,omitempty"`
	// Listed is written by members that count increments only.
	Listed map[string]string `json:"listed,omitempty"`
}

// claimOf parses an annotation.
func claimOf(annotation string) (handover.Claim, error) {
	var e entry
	if err := json.Unmarshal([]byte(annotation), &e); err != nil {
		return handover.Claim{}, err
	}
	ranges, err := sharding.Parse(e.Ranges)
	if err != nil {
		return handover.Claim{}, fmt.Errorf("ranges: %w", err)
	}
	return handover.Claim{Holder: e.Holder, Since: e.Since, Serial: e.Serial, Epoch: e.Epoch, Ranges: ranges, Leaving: e.Leaving, Filtered: e.Filtered, Scrapers: max(0, e.Scrapers), Listed: e.Listed}, nil
}

// annotationOf formats an annotation.
func annotationOf(c handover.Claim) string {
	text, err := json.Marshal(entry{c.Holder, c.Since, c.Serial, c.Epoch, c.Ranges.String(), c.Leaving, c.Filtered, c.Scrapers, c.Listed})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return string(text)
}

// claimsOf parses the claims in the annotations of a Lease, by number. The error joins those of malformed
// annotations.
func (p prefix) claimsOf(annotations map[string]string) (map[int]handover.Claim, error) {
	claims := map[int]handover.Claim{}
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		text, ours := strings.CutPrefix(key, string(p))
		n, ok := ordinal(text)
		if !ours || !ok {
			continue
		}
		c, err := claimOf(annotations[key])
		if err != nil {
			errs = append(errs, fmt.Errorf("annotation %s: %w", key, err))
			continue
		}
		claims[n] = c
	}
	return claims, errors.Join(errs...)
}

var errNoLease = errors.New("missing: create it from the manifest of the shards, or from kubestate rbac --pod")

// attempts is the limit of writes in a row that conflict with those of other members.
const attempts = 20

// write writes the claim of the member with the number into the Lease of the set, and deletes stale
// claims unless they have changed. It returns the version with the claim.
//
// A write names the version that was read before it, so that one whose response was not awaited
// cannot overwrite a later one.
func (a *api) write(ctx context.Context, set string, number int, c handover.Claim, stale map[int]handover.Claim) (*coordinationv1.Lease, error) {
	return a.retry(set, func() (*coordinationv1.Lease, error) { return a.tryWrite(ctx, set, number, c, stale) })
}

// retry writes until there is no conflict.
func (a *api) retry(set string, write func() (*coordinationv1.Lease, error)) (lease *coordinationv1.Lease, err error) {
	for range attempts {
		if lease, err = write(); !apierrors.IsConflict(err) {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("lease %s/%s: %w", a.namespace, set, err)
	}
	return lease, nil
}

func (a *api) tryWrite(ctx context.Context, set string, number int, c handover.Claim, stale map[int]handover.Claim) (*coordinationv1.Lease, error) {
	return a.patch(ctx, set, func(present map[string]string) (map[string]any, error) {
		claims, _ := a.prefix.claimsOf(present)
		if claims[number].Epoch > c.Epoch {
			return nil, errSuperseded
		}
		annotations := map[string]any{a.prefix.of(number): annotationOf(c)}
		for n, was := range stale {
			if is, ok := claims[n]; ok && is.Holder == was.Holder && is.Serial == was.Serial {
				annotations[a.prefix.of(n)] = nil
			}
		}
		return annotations, nil
	})
}

// patch changes annotations of the Lease of the set from those of the present version, and returns the next
// version. It fails if another write has come between.
func (a *api) patch(ctx context.Context, set string, change func(present map[string]string) (map[string]any, error)) (*coordinationv1.Lease, error) {
	of := func(r *rest.Request) *rest.Request {
		return r.Namespace(a.namespace).Resource("leases").Name(set).Timeout(timeout)
	}
	var lease coordinationv1.Lease
	err := of(a.coordination.Get()).Do(ctx).Into(&lease)
	if apierrors.IsNotFound(err) {
		return nil, errNoLease
	} else if err != nil {
		return nil, err
	}
	annotations, err := change(lease.Annotations)
	if err != nil {
		return nil, err
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"resourceVersion": lease.ResourceVersion, "annotations": annotations,
	}})
	if err != nil {
		return nil, err
	}
	var next coordinationv1.Lease
	err = of(a.coordination.Patch(types.MergePatchType)).Body(patch).Do(ctx).Into(&next)
	return &next, err
}
