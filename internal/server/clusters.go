package server

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/kubestate/kubestate/internal/nearest"
	"github.com/kubestate/kubestate/internal/store"
)

// A Cluster is one of several clusters of a Source.
type Cluster struct {
	Name string
	// Resources are the stores in the order of serving, none if nothing is to be served.
	Resources []*store.Resource
	// State is the state in a few words.
	State string
	// Down says that the API server does not respond or that its kubeconfig is invalid, Waiting that the first
	// lists are running.
	Down, Waiting bool
	// Expired reports whether wanted resources are too old to be served, so that the cluster has no series.
	Expired func(wanted func(resource string) bool) bool
}

// clusterPath begins the paths of single clusters.
const clusterPath = "/metrics/cluster/"

// checkClusters responds 404 if the parameter cluster names an unknown one. It has no effect without names
// of clusters.
func checkClusters(clusters func() []Cluster, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if !query.Has("cluster") {
			next.ServeHTTP(w, r)
			return
		}
		present := clusters()
		for _, name := range names(query["cluster"]) {
			if wrong := unknownCluster(name, present); wrong != "" && present != nil {
				http.Error(w, wrong, http.StatusNotFound)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// unknownCluster describes a name that no cluster has, empty if one has it.
func unknownCluster(name string, present []Cluster) string {
	var known []string
	for _, c := range present {
		if c.Name == name {
			return ""
		}
		known = append(known, c.Name)
	}
	if near, ok := nearest.To(name, known); ok {
		return fmt.Sprintf("there is no cluster %.64q; the nearest is %q", name, near)
	}
	return fmt.Sprintf("there is no cluster %.64q", name)
}

// oneCluster passes requests for the path of a cluster to next. With downFails, it responds 503 while the
// cluster is down.
func oneCluster(clusters func() []Cluster, downFails bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, present := r.PathValue("name"), clusters()
		i := slices.IndexFunc(present, func(c Cluster) bool { return c.Name == name })
		switch {
		case i < 0:
			http.Error(w, unknownCluster(name, present), http.StatusNotFound)
			return
		case downFails && present[i].Down:
			http.Error(w, fmt.Sprintf("cluster %s: %s", name, present[i].State), http.StatusServiceUnavailable)
			return
		}
		query := r.URL.Query()
		query["cluster"] = []string{name}
		of := r.Clone(r.Context())
		of.URL = &url.URL{Path: "/metrics", RawQuery: query.Encode()}
		next.ServeHTTP(w, of)
	})
}

// resourcesOf returns the stores of a source that a filter selects by cluster, without those of clusters
// whose wanted resources have expired, and all.
func (f filter) resourcesOf(source Source) (selected, all []*store.Resource) {
	clusters := source.Clusters()
	if clusters == nil {
		all = source.Resources()
		return all, all
	}
	for _, c := range clusters {
		all = append(all, c.Resources...)
		wanted := func(resource string) bool { return f.includes(namesOf(resource, c.Resources)) }
		if f.includesCluster(c.Name) && (c.Expired == nil || !c.Expired(wanted)) {
			selected = append(selected, c.Resources...)
		}
	}
	return selected, all
}

// includesCluster reports whether a cluster is selected.
func (f filter) includesCluster(name string) bool {
	return len(f.clusters) == 0 || slices.Contains(f.clusters, name)
}
