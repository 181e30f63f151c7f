package generators_test

import (
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"
)

var workloadReferences = map[string]resourceReference{
	"cronjobs": {
		identity: []string{"namespace", "metadata.namespace", "cronjob", "metadata.name"},
		families: map[string]reference{
			"kube_cronjob_annotations":                       annotations,
			"kube_cronjob_labels":                            labels,
			"kube_cronjob_info":                              cronJobInfo,
			"kube_cronjob_created":                           created,
			"kube_cronjob_status_active":                     length("status.active"),
			"kube_cronjob_status_last_schedule_time":         moment("status.lastScheduleTime"),
			"kube_cronjob_status_last_successful_time":       moment("status.lastSuccessfulTime"),
			"kube_cronjob_spec_suspend":                      oneIf("spec.suspend"),
			"kube_cronjob_spec_starting_deadline_seconds":    optional("spec.startingDeadlineSeconds"),
			"kube_cronjob_next_schedule_time":                cronJobNext,
			"kube_cronjob_schedule_invalid":                  cronJobInvalid,
			"kube_cronjob_metadata_resource_version":         resourceVersion,
			"kube_cronjob_spec_successful_job_history_limit": optional("spec.successfulJobsHistoryLimit"),
			"kube_cronjob_spec_failed_job_history_limit":     optional("spec.failedJobsHistoryLimit"),
		},
	},
	"daemonsets": {
		identity: []string{"namespace", "metadata.namespace", "daemonset", "metadata.name"},
		families: map[string]reference{
			"kube_daemonset_created":                         created,
			"kube_daemonset_status_current_number_scheduled": number("status.currentNumberScheduled"),
			"kube_daemonset_status_desired_number_scheduled": number("status.desiredNumberScheduled"),
			"kube_daemonset_status_number_available":         number("status.numberAvailable"),
			"kube_daemonset_status_number_misscheduled":      number("status.numberMisscheduled"),
			"kube_daemonset_status_number_ready":             number("status.numberReady"),
			"kube_daemonset_status_number_unavailable":       number("status.numberUnavailable"),
			"kube_daemonset_status_observed_generation":      number("status.observedGeneration"),
			"kube_daemonset_status_updated_number_scheduled": number("status.updatedNumberScheduled"),
			"kube_daemonset_metadata_generation":             number("metadata.generation"),
			"kube_daemonset_deletion_timestamp":              deleted,
			"kube_daemonset_annotations":                     annotations,
			"kube_daemonset_labels":                          labels,
		},
	},
	"deployments": {
		identity: []string{"namespace", "metadata.namespace", "deployment", "metadata.name"},
		families: map[string]reference{
			"kube_deployment_owner":                                       owners,
			"kube_deployment_created":                                     created,
			"kube_deployment_status_replicas":                             number("status.replicas"),
			"kube_deployment_status_replicas_ready":                       number("status.readyReplicas"),
			"kube_deployment_status_replicas_available":                   number("status.availableReplicas"),
			"kube_deployment_status_replicas_unavailable":                 number("status.unavailableReplicas"),
			"kube_deployment_status_replicas_updated":                     number("status.updatedReplicas"),
			"kube_deployment_status_terminating_replicas":                 optional("status.terminatingReplicas"),
			"kube_deployment_status_observed_generation":                  number("status.observedGeneration"),
			"kube_deployment_status_condition":                            deploymentConditions,
			"kube_deployment_spec_replicas":                               optional("spec.replicas"),
			"kube_deployment_spec_paused":                                 oneIf("spec.paused"),
			"kube_deployment_spec_strategy_rollingupdate_max_unavailable": scaled("spec.strategy.rollingUpdate.maxUnavailable", floorOf),
			"kube_deployment_spec_strategy_rollingupdate_max_surge":       scaled("spec.strategy.rollingUpdate.maxSurge", ceilingOf),
			"kube_deployment_metadata_generation":                         number("metadata.generation"),
			"kube_deployment_deletion_timestamp":                          deleted,
			"kube_deployment_annotations":                                 annotations,
			"kube_deployment_labels":                                      labels,
		},
	},
	"horizontalpodautoscalers": {
		identity: []string{"namespace", "metadata.namespace", "horizontalpodautoscaler", "metadata.name"},
		families: map[string]reference{
			"kube_horizontalpodautoscaler_info":                               autoscalerInfo,
			"kube_horizontalpodautoscaler_metadata_generation":                number("metadata.generation"),
			"kube_horizontalpodautoscaler_spec_max_replicas":                  number("spec.maxReplicas"),
			"kube_horizontalpodautoscaler_spec_min_replicas":                  autoscalerMinimum,
			"kube_horizontalpodautoscaler_spec_target_metric":                 targets("spec.metrics", "target"),
			"kube_horizontalpodautoscaler_spec_behavior_scale_down_tolerance": tolerance("spec.behavior.scaleDown.tolerance"),
			"kube_horizontalpodautoscaler_spec_behavior_scale_up_tolerance":   tolerance("spec.behavior.scaleUp.tolerance"),
			"kube_horizontalpodautoscaler_status_target_metric":               targets("status.currentMetrics", "current"),
			"kube_horizontalpodautoscaler_status_current_replicas":            number("status.currentReplicas"),
			"kube_horizontalpodautoscaler_status_desired_replicas":            number("status.desiredReplicas"),
			"kube_horizontalpodautoscaler_annotations":                        annotations,
			"kube_horizontalpodautoscaler_labels":                             labels,
			"kube_horizontalpodautoscaler_status_condition":                   statuses,
			"kube_horizontalpodautoscaler_created":                            created,
			"kube_horizontalpodautoscaler_deletion_timestamp":                 deleted,
		},
	},
	"jobs": {
		identity: []string{"namespace", "metadata.namespace", "job_name", "metadata.name"},
		families: map[string]reference{
			"kube_job_annotations":                  annotations,
			"kube_job_labels":                       labels,
			"kube_job_info":                         info(),
			"kube_job_created":                      created,
			"kube_job_spec_parallelism":             optional("spec.parallelism"),
			"kube_job_spec_completions":             optional("spec.completions"),
			"kube_job_spec_active_deadline_seconds": optional("spec.activeDeadlineSeconds"),
			"kube_job_status_succeeded":             number("status.succeeded"),
			"kube_job_status_failed":                jobFailures,
			"kube_job_status_active":                number("status.active"),
			"kube_job_status_ready":                 number("status.ready"),
			"kube_job_complete":                     statusesOf("Complete"),
			"kube_job_failed":                       statusesOf("Failed"),
			"kube_job_status_start_time":            moment("status.startTime"),
			"kube_job_status_completion_time":       moment("status.completionTime"),
			"kube_job_status_suspended":             jobSuspended,
			"kube_job_owner":                        controllingOwners,
		},
	},
	"poddisruptionbudgets": {
		identity: []string{"namespace", "metadata.namespace", "poddisruptionbudget", "metadata.name"},
		families: map[string]reference{
			"kube_poddisruptionbudget_annotations":                    annotations,
			"kube_poddisruptionbudget_labels":                         labels,
			"kube_poddisruptionbudget_created":                        created,
			"kube_poddisruptionbudget_status_current_healthy":         number("status.currentHealthy"),
			"kube_poddisruptionbudget_status_desired_healthy":         number("status.desiredHealthy"),
			"kube_poddisruptionbudget_status_pod_disruptions_allowed": number("status.disruptionsAllowed"),
			"kube_poddisruptionbudget_status_expected_pods":           number("status.expectedPods"),
			"kube_poddisruptionbudget_status_observed_generation":     number("status.observedGeneration"),
			"kube_poddisruptionbudget_deletion_timestamp":             deleted,
		},
	},
	"replicasets": {
		identity: []string{"namespace", "metadata.namespace", "replicaset", "metadata.name"},
		families: map[string]reference{
			"kube_replicaset_created":                       created,
			"kube_replicaset_status_replicas":               number("status.replicas"),
			"kube_replicaset_status_fully_labeled_replicas": number("status.fullyLabeledReplicas"),
			"kube_replicaset_status_ready_replicas":         number("status.readyReplicas"),
			"kube_replicaset_status_terminating_replicas":   optional("status.terminatingReplicas"),
			"kube_replicaset_status_observed_generation":    number("status.observedGeneration"),
			"kube_replicaset_spec_replicas":                 optional("spec.replicas"),
			"kube_replicaset_metadata_generation":           number("metadata.generation"),
			"kube_replicaset_owner":                         controllingOwners,
			"kube_replicaset_annotations":                   annotations,
			"kube_replicaset_labels":                        labels,
		},
	},
	"replicationcontrollers": {
		identity: []string{"namespace", "metadata.namespace", "replicationcontroller", "metadata.name"},
		families: map[string]reference{
			"kube_replicationcontroller_created":                       created,
			"kube_replicationcontroller_status_replicas":               number("status.replicas"),
			"kube_replicationcontroller_status_fully_labeled_replicas": number("status.fullyLabeledReplicas"),
			"kube_replicationcontroller_status_ready_replicas":         number("status.readyReplicas"),
			"kube_replicationcontroller_status_available_replicas":     number("status.availableReplicas"),
			"kube_replicationcontroller_status_observed_generation":    number("status.observedGeneration"),
			"kube_replicationcontroller_spec_replicas":                 optional("spec.replicas"),
			"kube_replicationcontroller_metadata_generation":           number("metadata.generation"),
			"kube_replicationcontroller_owner":                         controllingOwners,
		},
	},
	"statefulsets": {
		identity: []string{"namespace", "metadata.namespace", "statefulset", "metadata.name"},
		families: map[string]reference{
			"kube_statefulset_created":                                created,
			"kube_statefulset_status_replicas":                        number("status.replicas"),
			"kube_statefulset_status_replicas_available":              number("status.availableReplicas"),
			"kube_statefulset_status_replicas_current":                number("status.currentReplicas"),
			"kube_statefulset_status_replicas_ready":                  number("status.readyReplicas"),
			"kube_statefulset_status_replicas_updated":                number("status.updatedReplicas"),
			"kube_statefulset_status_observed_generation":             number("status.observedGeneration"),
			"kube_statefulset_replicas":                               optional("spec.replicas"),
			"kube_statefulset_ordinals_start":                         ordinalsStart,
			"kube_statefulset_metadata_generation":                    number("metadata.generation"),
			"kube_statefulset_persistentvolumeclaim_retention_policy": retentionPolicy,
			"kube_statefulset_annotations":                            annotations,
			"kube_statefulset_labels":                                 labels,
			"kube_statefulset_status_current_revision":                info("revision", "status.currentRevision"),
			"kube_statefulset_status_update_revision":                 info("revision", "status.updateRevision"),
			"kube_statefulset_deletion_timestamp":                     deleted,
		},
	},
}

func cronJobInfo(o object) []series {
	return one(1,
		"schedule", o.at("spec.schedule").text(),
		"concurrency_policy", o.at("spec.concurrencyPolicy").text(),
		"timezone", o.at("spec.timeZone").textOr("local"))
}

func cronJobNext(o object) []series {
	s, ok := schedule(o)
	if !ok || o.at("spec.suspend").yes() {
		return nil
	}
	for _, path := range []string{"status.lastScheduleTime", "metadata.creationTimestamp"} {
		if last := o.at(path).time(); !last.IsZero() {
			if last.Year() < 2012 { // the search may not end
				return nil
			}
			next := s.Next(time.Unix(last.Unix(), 0))
			if next.IsZero() {
				return nil
			}
			return one(float64(next.Unix()))
		}
	}
	return nil
}

func cronJobInvalid(o object) []series {
	if _, ok := schedule(o); ok {
		return nil
	}
	return one(1)
}

func deploymentConditions(o object) (all []series) {
	known := []string{
		"ReplicaSetUpdated", "ReplicaSetCreateError", "NewReplicaSetCreated", "FoundNewReplicaSet",
		"NewReplicaSetAvailable", "ProgressDeadlineExceeded", "DeploymentPaused", "DeploymentResumed",
		"MinimumReplicasAvailable", "MinimumReplicasUnavailable", "",
	}
	for _, c := range o.at("status.conditions").list() {
		reason := c.at("reason").text()
		if !slices.Contains(known, reason) {
			reason = "unknown"
		}
		all = append(all, threeStatuses(c, "status", "reason", reason, "condition", c.at("type").text())...)
	}
	return all
}

var percentage = regexp.MustCompile(`^([+-]?[0-9]+)%$`)

// scaled is a number of pods, or a percentage of the replicas.
func scaled(path string, round func(*big.Rat) *big.Int) reference {
	return func(o object) []series {
		amount, replicas := o.at(path), o.at("spec.replicas")
		if !amount.set() || !replicas.set() {
			return nil
		}
		text, isText := amount.value.(string)
		if !isText {
			return one(amount.number())
		}
		match := percentage.FindStringSubmatch(text)
		if match == nil {
			return nil
		}
		percent, _ := new(big.Int).SetString(match[1], 10)
		if !percent.IsInt64() {
			return nil
		}
		count, _ := new(big.Int).SetString(replicas.text(), 10)
		share, _ := round(new(big.Rat).SetFrac(percent.Mul(percent, count), big.NewInt(100))).Float64()
		return one(share)
	}
}

func floorOf(r *big.Rat) *big.Int {
	whole, _ := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int))
	return whole
}

func ceilingOf(r *big.Rat) *big.Int {
	return new(big.Int).Neg(floorOf(new(big.Rat).Neg(r)))
}

func autoscalerInfo(o object) []series {
	labels := pairsAt(o.at("spec.scaleTargetRef"), []string{
		"scaletargetref_api_version", "apiVersion", "scaletargetref_kind", "kind", "scaletargetref_name", "name",
	})
	if labels[1] == "" {
		labels = labels[2:]
	}
	return one(1, labels...)
}

func autoscalerMinimum(o object) []series {
	if !o.at("spec.minReplicas").set() {
		return one(1)
	}
	return one(o.at("spec.minReplicas").number())
}

// metricSources are the fields of a metric that hold its source, by its type.
var metricSources = map[string]string{
	"Object": "object", "Pods": "pods", "External": "external",
	"Resource": "resource", "ContainerResource": "containerResource",
}

// targets reads, of the metrics in a list, the target or the current value.
func targets(list, target string) reference {
	return func(o object) (all []series) {
		for _, metric := range o.at(list).list() {
			sort := metric.at("type").text()
			source, known := metricSources[sort]
			if known && metric.at(source).set() {
				all = append(all, targetSeries(sort, metric.at(source), metric.at(source).at(target))...)
			}
		}
		return all
	}
}

func targetSeries(sort string, source, target node) (all []series) {
	name, container := source.at("metric.name").text(), ""
	if strings.HasSuffix(sort, "Resource") {
		name = source.at("name").text()
	}
	if sort == "ContainerResource" {
		container = source.at("container").text()
	}
	add := func(of string, value float64) {
		all = append(all, one(value, "metric_name", name, "metric_target_type", of, "container", container)...)
	}
	if v := target.at("value"); v.set() {
		add("value", v.quantity().milli())
	}
	if v := target.at("averageUtilization"); v.set() {
		add("utilization", v.number())
	}
	if v := target.at("averageValue"); v.set() {
		add("average", v.quantity().milli())
	}
	return all
}

func tolerance(path string) reference {
	return func(o object) []series {
		if !o.at(path).set() {
			return nil
		}
		return one(o.at(path).quantity().approximate())
	}
}

func jobFailures(o object) (all []series) {
	if o.at("status.failed").number() == 0 {
		return one(0)
	}
	reasons := []string{"BackoffLimitExceeded", "DeadlineExceeded", "Evicted"}
	explained := false
	for _, c := range o.at("status.conditions").list() {
		if c.at("type").text() != "Failed" {
			continue
		}
		for _, reason := range reasons {
			all = append(all, one(truth(c.at("reason").text() == reason), "reason", reason)...)
		}
		explained = explained || slices.Contains(reasons, c.at("reason").text())
	}
	if !explained {
		all = append(all, one(o.at("status.failed").number(), "reason", "")...)
	}
	return all
}

// statusesOf has the statuses of conditions of one type, in a label that is
// called condition all the same.
func statusesOf(condition string) reference {
	return func(o object) (all []series) {
		for _, c := range o.at("status.conditions").list() {
			if c.at("type").text() == condition {
				all = append(all, threeStatuses(c, "condition")...)
			}
		}
		return all
	}
}

func jobSuspended(o object) (all []series) {
	for _, c := range o.at("status.conditions").list() {
		if c.at("type").text() == "Suspended" {
			all = append(all, one(truth(c.at("status").text() == "True"))...)
		}
	}
	return all
}

func ordinalsStart(o object) []series {
	if !o.at("spec.ordinals").set() {
		return nil
	}
	return one(o.at("spec.ordinals.start").number())
}

func retentionPolicy(o object) []series {
	policy := o.at("spec.persistentVolumeClaimRetentionPolicy")
	if policy.at("whenDeleted").text()+policy.at("whenScaled").text() == "" {
		return nil
	}
	return one(1, pairsAt(policy, []string{"when_deleted", "whenDeleted", "when_scaled", "whenScaled"})...)
}
