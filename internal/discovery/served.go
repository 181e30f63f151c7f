package discovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/customresource"
)

// Served returns the kinds of API groups without definitions, as far as they can be listed and
// watched. A group whose discovery fails keeps its kinds of last, the previous result.
func Served(ctx context.Context, client *apiclient.Client, groups []string, last []customresource.Kind) ([]customresource.Kind, error) {
	var all []customresource.Kind
	var errs []error
	for _, group := range groups {
		versions, resources, err := client.Discover(ctx, group)
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("discovery of API group %q: %w", group, err))
			for _, k := range last {
				if k.Group == group {
					all = append(all, k)
				}
			}
			continue
		}
		all = append(all, kindsOf(group, versions, resources)...)
	}
	return all, errors.Join(errs...)
}

// kindsOf returns the kinds of a group, with the versions in which they can be listed and watched.
func kindsOf(group string, versions []string, resources map[string][]metav1.APIResource) []customresource.Kind {
	var all []customresource.Kind
	for _, version := range versions {
		for _, r := range resources[version] {
			if strings.Contains(r.Name, "/") || !slices.Contains(r.Verbs, "list") || !slices.Contains(r.Verbs, "watch") {
				continue
			}
			at := slices.IndexFunc(all, func(k customresource.Kind) bool { return k.Plural == r.Name })
			if at < 0 {
				at = len(all)
				all = append(all, customresource.Kind{Group: group, Kind: r.Kind, Plural: r.Name, Namespaced: r.Namespaced, Categories: r.Categories})
			}
			all[at].Versions = append(all[at].Versions, version)
		}
	}
	return all
}
