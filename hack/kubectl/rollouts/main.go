// Command rollouts prints what kubectl rollout status says of the objects of a file: a line each of kind/name,
// and "complete", "waiting", "failed", or "refused" for objects without such a status. The file is a List in
// JSON.
package main

import (
	"bufio"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/kubectl/pkg/polymorphichelpers"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "rollouts:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: rollouts FILE")
	}
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var list unstructured.UnstructuredList
	if err := list.UnmarshalJSON(text); err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	for i := range list.Items {
		o := &list.Items[i]
		status, err := statusOf(o)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s/%s %s\n", o.GetKind(), o.GetName(), status)
	}
	return out.Flush()
}

// statusOf returns the status of the rollout of an object, of any revision.
func statusOf(o *unstructured.Unstructured) (string, error) {
	viewer, err := polymorphichelpers.StatusViewerFor(o.GroupVersionKind().GroupKind())
	if err != nil {
		return "", err
	}
	switch _, done, err := viewer.Status(o, 0); {
	case err != nil && done:
		return "refused", nil
	case err != nil:
		return "failed", nil
	case done:
		return "complete", nil
	default:
		return "waiting", nil
	}
}
