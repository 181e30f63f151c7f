package answers

import (
	"bytes"
	"slices"
	"strconv"
	"time"

	"github.com/kubestate/kubestate/internal/store"
)

// A reader reads the series of a content.
type reader struct {
	Content
	time    time.Time // of the answers
	now     float64   // in Unix seconds
	sources map[string][]source
	// scanned has the samples of selectors that are read without keys.
	scanned    map[string][]sample
	requestsOf map[nodeResource]float64 // nil before they are counted
}

// A source is a family of a resource.
type source struct {
	resource *store.Resource
	view     store.View
	index    int // of the family
}

// A place is a page of a resource.
type place struct {
	resource *store.Resource
	page     int
}

// newReader takes a view of each resource.
func newReader(c Content) *reader {
	r := &reader{Content: c, time: c.Now, sources: map[string][]source{}}
	for n, v := range store.Views(c.Resources, store.Selection{Namespaces: c.Namespaces}) {
		if ReadsAlways(c.Resources[n].Name()) {
			v = c.Resources[n].View()
		}
		for i, name := range c.Resources[n].Families() {
			r.sources[name] = append(r.sources[name], source{c.Resources[n], v, i})
		}
	}
	if r.time.IsZero() {
		r.time = r.newest()
	}
	r.now = float64(r.time.UnixNano()) / 1e9
	return r
}

// ReadsAlways reports whether answers about some namespaces read a resource without a namespace.
func ReadsAlways(resource string) bool { return resource == "storageclasses" }

// events are families whose values are times of what has happened.
var events = []string{
	"kube_lease_renew_time", "kube_pod_container_status_last_terminated_timestamp", "kube_pod_created", "kube_node_created",
	"kube_cronjob_status_last_schedule_time", "kube_job_status_start_time", "kube_job_status_completion_time",
}

// newest returns the newest time of events in all namespaces, the present time if there is none.
func (r *reader) newest() time.Time {
	newest := 0.0
	for _, resource := range r.Resources {
		for index, name := range resource.Families() {
			if slices.Contains(events, name) {
				source{resource, resource.View(), index}.lines(nil, func(_ place, line []byte) {
					if value, ok := valueOf(line); ok {
						newest = max(newest, value)
					}
				})
			}
		}
	}
	if newest == 0 {
		return time.Now()
	}
	return time.Unix(int64(newest), 0)
}

// objects returns the number of objects of resources.
func (r *reader) objects(resources []string) (n int) {
	counted := map[*store.Resource]bool{}
	for _, all := range r.sources {
		for _, s := range all {
			if !counted[s.resource] && slices.ContainsFunc(resources, s.resource.Is) {
				counted[s.resource] = true
				n += s.view.Objects()
			}
		}
	}
	return n
}

// lacking returns what cannot be read of families; empty if all can.
func (r *reader) lacking(families []string) string {
	for _, name := range families {
		if r.sources[name] == nil {
			return "there is no family " + name
		}
		for _, s := range r.sources[name] {
			for _, u := range r.Unseen {
				if s.resource.Is(u.Resource) {
					return u.Resource + " cannot be read: " + u.State
				}
			}
		}
	}
	return ""
}

// lines calls yield with each line of a family, in pages that may have the keys. yield must not keep it.
func (r *reader) lines(family string, only *keys, yield func(at place, line []byte)) {
	for _, s := range r.sources[family] {
		s.lines(only, yield)
	}
}

func (s source) lines(only *keys, yield func(at place, line []byte)) {
	var text []byte
	at := place{s.resource, -1}
	for page := range s.view.Pages() {
		if at.page++; only.mayBeIn(at) {
			text = page.AppendText(text[:0], s.index)
			eachLine(text, func(line []byte) { yield(at, line) })
		}
	}
}

// eachLine calls yield with each line of a text, without its line feed.
func eachLine(text []byte, yield func(line []byte)) {
	for len(text) > 0 {
		end := bytes.IndexByte(text, '\n')
		if end < 0 {
			return
		}
		yield(text[:end])
		text = text[end+1:]
	}
}

// valueOf returns the value of a line.
func valueOf(line []byte) (value float64, ok bool) {
	value, err := strconv.ParseFloat(string(line[bytes.LastIndexByte(line, ' ')+1:]), 64)
	return value, err == nil
}
