package e2e

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// keptByFinished are the families that finished pods and jobs stay in by default.
var keptByFinished = []string{
	"kube_pod_owner", "kube_pod_status_phase", "kube_pod_status_reason", "kube_pod_deletion_timestamp", "kube_job_owner", "kube_job_complete",
	"kube_job_failed", "kube_job_status_active", "kube_job_status_failed", "kube_job_status_succeeded",
}

// ofFinished matches a line of the jobs migrate and import or of their pods.
var ofFinished = regexp.MustCompile(`^(kube_\w+)\{namespace="shop",(?:pod|job_name)="(?:migrate|import)\b`)

// TestFinishedObjectsLeave has jobs complete and fail. With the flags, their lines and those of their
// pods leave after some seconds, but for the kept families, and are counted; other lines stay. Sums by
// phase are the same.
func TestFinishedObjectsLeave(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Everything)
	const resources = "--resources=jobs,nodes,pods,deployments"
	full := &liveCluster{c: c, e: start(t, c.Kubeconfig, resources)}
	thin := start(t, c.Kubeconfig, resources, "--finished-pods-after=3s", "--finished-jobs-after=3s")
	await(t, settling, full.e.Ready, full.e.Process)
	await(t, settling, thin.Ready, thin.Process)
	createNamespace(t, c, shop)
	full.nodesJoin(t)
	full.createDeployment(t, "web", 1)
	full.wantRunning(t, "web", 1, 0)
	full.jobCompletes(t)
	full.jobFails(t)

	body := func(ctx context.Context, e *exporter.Exporter) string {
		_, body, err := exporter.Get(ctx, e.Scrapes+"/metrics?resources=jobs,pods")
		if err != nil {
			return err.Error()
		}
		return string(body)
	}
	var all, want string
	left := 0
	await(t, settling, func(ctx context.Context) error {
		all = body(ctx, full.e)
		if want, left = withoutFinished(all); cmp.Diff(want, body(ctx, thin)) != "" {
			return fmt.Errorf("jobs and pods (-want +got):\n%s", cmp.Diff(want, body(ctx, thin)))
		}
		return nil
	}, full.e.Process, thin.Process)
	if left < 50 {
		t.Errorf("only %d lines have left", left)
	}
	for _, phase := range []string{"Running", "Succeeded", "Failed"} {
		line := `phase="` + phase + `"} 1` + "\n"
		if n := strings.Count(want, line); n != 1 || strings.Count(all, line) != n {
			t.Errorf("%d pods are %s", n, phase)
		}
	}
}

// withoutFinished returns the text without the lines that are to leave, whose number is left, and with
// their counts.
func withoutFinished(text string) (without string, left int) {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if m := ofFinished.FindStringSubmatch(line); m != nil && !slices.Contains(keptByFinished, m[1]) {
			left++
			continue
		}
		b.WriteString(line)
	}
	b.WriteString(`# HELP kubestate_finished_objects Finished objects that have left all families but the kept ones.
# TYPE kubestate_finished_objects gauge
kubestate_finished_objects{resource="jobs",namespace="shop",reason="Complete"} 1
kubestate_finished_objects{resource="jobs",namespace="shop",reason="BackoffLimitExceeded"} 1
kubestate_finished_objects{resource="pods",namespace="shop",reason="Succeeded"} 1
kubestate_finished_objects{resource="pods",namespace="shop",reason="Failed"} 1
`)
	return b.String(), left
}
