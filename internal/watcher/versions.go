package watcher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// served asks the API server for something of the source's resource and shard. If
// it does not have that, and has the resource in another version that can be read,
// the question is put again, and that version is remembered. So it is without the
// shard, of which it has then everything to send, if it does not understand that.
func served[T any](ctx context.Context, s *source, options metav1.ListOptions, ask func(metav1.ListOptions) (T, error)) (T, error) {
	options.ShardSelector = s.shardSelector()
	answer, err := ask(options)
	if apierrors.IsNotFound(err) && s.chooseVersion(ctx) {
		answer, err = ask(options)
	}
	if options.ShardSelector != "" && aboutShard(err) {
		s.log.Warn("the API server does not choose the objects of a shard as asked; all of them are had sent for a while", "err", err)
		s.chooseFrom = time.Now().Add(chooseAgain)
		options.ShardSelector = ""
		return ask(options)
	}
	return answer, err
}

// chooseAgain is when an API server is asked again for a shard that did not
// understand what that is.
const chooseAgain = 10 * time.Minute

// shardSelector has the API server choose the objects of the shard, as long as it
// may be able to.
func (s *source) shardSelector() string {
	if time.Now().Before(s.chooseFrom) {
		return ""
	}
	return s.feed.share.present().Selector()
}

// aboutShard says whether an attempt failed because of the shard that was asked
// for. How that is asked for is not settled among the versions of Kubernetes; the
// API servers of today call a selector that they cannot read an internal error.
func aboutShard(err error) bool {
	status, answered := err.(apierrors.APIStatus)
	if !answered {
		return errors.Is(err, errOtherShard)
	}
	switch status.Status().Code {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusInternalServerError:
		return strings.Contains(strings.ToLower(status.Status().Message), "shard selector")
	default:
		return false
	}
}

// chooseVersion looks for a version that the API server has.
func (s *source) chooseVersion(ctx context.Context) bool {
	for _, r := range s.feed.resource.Versions {
		if r != s.resource && s.client.serves(ctx, r) {
			s.resource = r
			s.log.Info("reading another version of the resource, since the API server does not have the first", "version", r.GroupVersion())
			return true
		}
	}
	return false
}

// serves asks the API server whether it has a resource in a version.
func (c *Client) serves(ctx context.Context, r schema.GroupVersionResource) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answer, err := c.groups[r.GroupVersion()].Get().AbsPath("/apis", r.Group, r.Version).
		SetHeader("Accept", runtime.ContentTypeJSON).DoRaw(ctx)
	var list metav1.APIResourceList
	if err != nil || json.Unmarshal(answer, &list) != nil {
		return false
	}
	return slices.ContainsFunc(list.APIResources, func(a metav1.APIResource) bool { return a.Name == r.Resource })
}

// understand gives an object as the feed's rows read it. It fails for what is
// of another resource.
func (f *Feed) understand(object runtime.Object) (apiObject, error) {
	if p, ok := object.(*parcel); ok {
		if _, err := f.understand(p.apiObject); err != nil {
			return nil, err
		}
		return p, nil
	}
	if f.want != nil && reflect.TypeOf(object) != f.want {
		return nil, fmt.Errorf("%T in place of %s: %w", object, f.resource.TypeName(), errOtherResource)
	}
	o, ok := object.(apiObject)
	if !ok {
		return nil, fmt.Errorf("%T is no Kubernetes object", object)
	}
	return o, nil
}

var errOtherResource = errors.New("not of the resource")
