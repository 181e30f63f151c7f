package server

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/kubestate/kubestate/internal/exposition"
	"github.com/kubestate/kubestate/internal/store"
)

// Metrics answers with the text of the resources, in their order, in the format
// that the request's Accept header asks for. The query parameters resources and
// exclude_resources, lists of names, narrow the answer down.
//
// The views are taken before the first byte is written: an answer holds all
// that was known when it began, of every resource one state, however slowly
// the client reads.
func Metrics(resources func() []*store.Resource) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		format := exposition.Negotiate(r.Header.Get("Accept"))
		w.Header().Set("Content-Type", format.ContentType)
		if r.Method == http.MethodHead {
			return
		}
		wanted := parseFilter(r.URL.Query())
		var views []store.View
		for _, resource := range resources() {
			if wanted.includes(resource.Name()) {
				views = append(views, resource.View())
			}
		}
		out := newChunkWriter(w)
		defer out.release()
		for _, view := range views {
			view.Chunks(out.write)
		}
		out.write([]byte(format.End))
		out.flush()
	})
}

// filter is what the query parameters say of the resources in the answer.
type filter struct {
	only     []string
	limited  bool // only counts
	excluded []string
}

func parseFilter(query url.Values) filter {
	return filter{
		only:     names(query["resources"]),
		limited:  query.Has("resources"),
		excluded: names(query["exclude_resources"]),
	}
}

func (f filter) includes(name string) bool {
	return (!f.limited || slices.Contains(f.only, name)) && !slices.Contains(f.excluded, name)
}

// names splits lists at commas, drops the spaces around and the empty parts.
func names(lists []string) []string {
	var all []string
	for _, list := range lists {
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.TrimSpace(name); name != "" {
				all = append(all, name)
			}
		}
	}
	return all
}
