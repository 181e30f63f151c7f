package listwatch

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/sharding"
)

// pageSize is the limit of a page, about 2 MB of pods.
const pageSize = 500

// pageTimeout bounds the request of a page. API servers time out after a minute.
const pageTimeout = 2 * time.Minute

// list requests a list in pages of the given size, 0 for one page.
func (l *Loop) list(ctx context.Context, size int64) outcome {
	if l.machine.state == paging { // later states continue the attempt
		l.begin()
	}
	b := l.beginBatch()
	version, err := l.listPages(ctx, b, size)
	o := listed
	if err != nil {
		l.abandon(b)
		o = l.ended(outcomeOf(err), err)
	}
	if o == expired && l.machine.state != unpaged {
		return o // not the end of the attempt
	}
	l.attempted(ctx, l.lists, &l.listFailed, err, Syncing)
	if err == nil {
		l.recordContact(time.Now())
		l.commit(b, nil, version)
	}
	return o
}

// listPages sets the objects of all pages, up to the limit, and returns the list's version.
func (l *Loop) listPages(ctx context.Context, b Batch, size int64) (version string, err error) {
	l.Shard.begin()
	q := l.query(l.Shard.Present(), metav1.ListOptions{Limit: size})
	if l.FromCache {
		q.Options.ResourceVersion = "0"
	}
	for kept := int64(0); ; {
		room := int64(math.MaxInt64)
		if l.Limit > 0 {
			room = l.Limit - kept
			q.Options.Limit = min(cmp.Or(size, room), room)
			if l.Shard.foreign.Load() > 0 {
				q.Options.Limit = size // some are of other shards
			}
		}
		bounded, cancel := context.WithTimeoutCause(ctx, pageTimeout, errNoResponse)
		page, err := l.client.List(bounded, q)
		cancel()
		if err != nil {
			return "", err
		}
		if apiclient.ShardOf(page) != "" {
			l.Shard.filtered(true)
		}
		n, err := l.addPage(b, page, room)
		if err != nil {
			return "", err
		}
		about, err := meta.ListAccessor(page)
		if err != nil {
			return "", err
		}
		if kept += n; version == "" {
			version = about.GetResourceVersion()
		}
		q.Options.Continue, q.Options.ResourceVersion = about.GetContinue(), ""
		if l.full(kept, q.Options.Continue != "") || q.Options.Continue == "" {
			return version, nil
		}
	}
}

// query returns a request for the loop's objects of a shard.
func (l *Loop) query(shard sharding.Ranges, options metav1.ListOptions) apiclient.Query {
	options.FieldSelector, options.LabelSelector = l.FieldSelector, l.LabelSelector
	return apiclient.Query{Namespace: l.Namespace, Shard: shard.Selector(), Options: options}
}

// full reports whether the list has reached the limit.
func (l *Loop) full(kept int64, more bool) bool {
	if l.Limit == 0 {
		return false
	}
	l.listLen.Store(min(kept, l.Limit))
	if kept < l.Limit {
		return false
	}
	if (more || kept > l.Limit) && !l.overLimit {
		l.overLimit = true
		l.Log.Warn("there are more objects than --object-limit; the rest is left out", "limit", l.Limit)
	}
	return true
}

// addPage sets the objects of a page that are of the shard, at most room, and returns their number.
func (l *Loop) addPage(b Batch, page runtime.Object, room int64) (n int64, err error) {
	err = meta.EachListItem(page, func(item runtime.Object) error {
		o, err := l.client.Object(item)
		if err != nil {
			return fmt.Errorf("list: %w", err)
		}
		if !l.Shard.wantsObject(o) {
			return nil
		}
		if n++; n <= room {
			return b.Set(o)
		}
		return nil
	})
	return n, err
}
