package watcher

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// pageSize is how many objects a page of a list has: of pods some 2 MB.
const pageSize = 500

// pageLimit is how long a page may take. API servers give up after a minute.
const pageLimit = 2 * time.Minute

// errNotStreamed has a reflector list rather than watch.
var errNotStreamed = errors.New("lists of the resource are not streamed")

// ListWithContext lists the feed's objects page by page. Each is rendered into
// the next generation when its page comes; the list that is returned has none, and
// the version of the whole. The reflector's options are of no account: what it
// asks for would be decoded whole. Where all is there, there is but the version to
// give.
func (s *source) ListWithContext(ctx context.Context, _ metav1.ListOptions) (runtime.Object, error) {
	if err := s.refusal; err != nil {
		s.refusal = nil
		return nil, err // and would refuse a list too, or a watch afterwards
	}
	if s.feed.adopted {
		return &metav1.List{ListMeta: metav1.ListMeta{ResourceVersion: s.feed.positions.lowest()}}, nil
	}
	s.begin()
	version, err := s.listPages(ctx, pageSize)
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		// Between two pages the API server has forgotten the state that they are
		// of, which it keeps for some minutes. Once is chance.
		s.begin()
		version, err = s.listPages(ctx, pageSize)
	}
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		s.begin()
		version, err = s.listPages(ctx, 0) // whole
	}
	s.observe(ctx, s.lists, &s.listFailed, err, Syncing)
	if err != nil {
		return nil, err
	}
	s.feed.listed = true
	s.feed.health.heard()
	return &metav1.List{ListMeta: metav1.ListMeta{ResourceVersion: version}}, nil
}

// listPages renders all pages, or as many objects as there may be, and gives the
// version that they are of. A size of 0 asks for one page of all.
func (s *source) listPages(ctx context.Context, size int64) (version string, err error) {
	s.feed.share.begin()
	options := metav1.ListOptions{FieldSelector: s.fields, Limit: size}
	if s.fromCache {
		options.ResourceVersion = "0"
	}
	for kept := int64(0); ; {
		room := int64(math.MaxInt64)
		if s.feed.limit > 0 {
			room = s.feed.limit - kept
			options.Limit = min(cmp.Or(size, room), room)
			if s.feed.share.foreign.Load() > 0 {
				options.Limit = size // of which only some are for us
			}
		}
		page, err := s.listPage(ctx, options)
		if err != nil {
			return "", err
		}
		n, err := s.feed.addPage(page, room)
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
		options.Continue, options.ResourceVersion = about.GetContinue(), ""
		if s.full(kept, options.Continue != "") || options.Continue == "" {
			return version, nil
		}
	}
}

// full says whether the list has as many objects as there may be, and notes it.
func (s *source) full(kept int64, more bool) bool {
	limit := s.feed.limit
	if limit == 0 {
		return false
	}
	s.metrics.listed.WithLabelValues(s.feed.resource.TypeName()).Set(float64(min(kept, limit)))
	if kept < limit {
		return false
	}
	if (more || kept > limit) && !s.feed.overfull {
		s.feed.overfull = true
		s.log.Warn("there are more objects than --object-limit; the rest is left out", "limit", limit)
	}
	return true
}

func (s *source) listPage(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, pageLimit, errNoAnswer)
	defer cancel()
	return served(ctx, s, options, func(options metav1.ListOptions) (runtime.Object, error) {
		page, err := s.client.list(ctx, s.resource, s.feed.namespace, options)
		if err == nil {
			err = s.feed.share.check(page, options.ShardSelector)
		}
		return page, err
	})
}

// addPage renders the objects of a page that are of the feed's share into the next
// generation, as many as there is room for, and says how many there are.
func (f *Feed) addPage(page runtime.Object, room int64) (n int64, err error) {
	if f.next == nil {
		f.next = f.part.Begin()
	}
	err = meta.EachListItem(page, func(item runtime.Object) error {
		o, err := f.understand(item)
		if err != nil {
			return fmt.Errorf("list: %w", err)
		}
		if !f.share.takes(o) {
			return nil
		}
		if n++; n <= room {
			return f.render(f.next.Set, o)
		}
		return nil
	})
	return n, err
}
