package generators_test

import (
	"net"
	"slices"
	"strings"
)

var podReferences = map[string]resourceReference{
	"pods": {
		identity: []string{"namespace", "metadata.namespace", "pod", "metadata.name", "uid", "metadata.uid"},
		families: map[string]reference{
			"kube_pod_completion_time":                                 podCompletion,
			"kube_pod_container_info":                                  containerInfo,
			"kube_pod_container_resource_limits":                       containerResources("spec.containers", "limits"),
			"kube_pod_container_resource_requests":                     containerResources("spec.containers", "requests"),
			"kube_pod_container_state_started":                         containerStarted("status.containerStatuses"),
			"kube_pod_container_status_last_terminated_reason":         containerReason("status.containerStatuses", "lastState.terminated"),
			"kube_pod_container_status_last_terminated_exitcode":       terminated("status.containerStatuses", func(last node) float64 { return last.at("exitCode").number() }),
			"kube_pod_container_status_last_terminated_timestamp":      lastTerminated("status.containerStatuses"),
			"kube_pod_container_status_ready":                          containerStatus("status.containerStatuses", func(s node) float64 { return truth(s.at("ready").yes()) }),
			"kube_pod_container_status_restarts_total":                 containerStatus("status.containerStatuses", func(s node) float64 { return s.at("restartCount").number() }),
			"kube_pod_container_status_running":                        containerStatus("status.containerStatuses", func(s node) float64 { return truth(s.at("state.running").set()) }),
			"kube_pod_container_status_terminated":                     containerStatus("status.containerStatuses", func(s node) float64 { return truth(s.at("state.terminated").set()) }),
			"kube_pod_container_status_terminated_reason":              containerReason("status.containerStatuses", "state.terminated"),
			"kube_pod_container_status_waiting":                        containerStatus("status.containerStatuses", func(s node) float64 { return truth(s.at("state.waiting").set()) }),
			"kube_pod_container_status_waiting_reason":                 containerReason("status.containerStatuses", "state.waiting"),
			"kube_pod_created":                                         created,
			"kube_pod_deletion_timestamp":                              deleted,
			"kube_pod_info":                                            podInfo,
			"kube_pod_ips":                                             podIPs,
			"kube_pod_init_container_info":                             initContainerInfo,
			"kube_pod_init_container_resource_limits":                  containerResources("spec.initContainers", "limits"),
			"kube_pod_init_container_resource_requests":                containerResources("spec.initContainers", "requests"),
			"kube_pod_init_container_state_started":                    containerStarted("status.initContainerStatuses"),
			"kube_pod_init_container_status_last_terminated_reason":    containerReason("status.initContainerStatuses", "lastState.terminated"),
			"kube_pod_init_container_status_last_terminated_exitcode":  terminated("status.initContainerStatuses", func(last node) float64 { return last.at("exitCode").number() }),
			"kube_pod_init_container_status_last_terminated_timestamp": lastTerminated("status.initContainerStatuses"),
			"kube_pod_init_container_status_ready":                     containerStatus("status.initContainerStatuses", func(s node) float64 { return truth(s.at("ready").yes()) }),
			"kube_pod_init_container_status_restarts_total":            containerStatus("status.initContainerStatuses", func(s node) float64 { return s.at("restartCount").number() }),
			"kube_pod_init_container_status_running":                   containerStatus("status.initContainerStatuses", func(s node) float64 { return truth(s.at("state.running").set()) }),
			"kube_pod_init_container_status_terminated":                containerStatus("status.initContainerStatuses", func(s node) float64 { return truth(s.at("state.terminated").set()) }),
			"kube_pod_init_container_status_terminated_reason":         containerReason("status.initContainerStatuses", "state.terminated"),
			"kube_pod_init_container_status_waiting":                   containerStatus("status.initContainerStatuses", func(s node) float64 { return truth(s.at("state.waiting").set()) }),
			"kube_pod_init_container_status_waiting_reason":            containerReason("status.initContainerStatuses", "state.waiting"),
			"kube_pod_annotations":                                     annotations,
			"kube_pod_labels":                                          labels,
			"kube_pod_overhead_cpu_cores":                              overheadCPU,
			"kube_pod_overhead_memory_bytes":                           overheadMemory,
			"kube_pod_owner":                                           controllingOwners,
			"kube_pod_resourceclaim_info":                              resourceClaims,
			"kube_pod_restart_policy":                                  info("type", "spec.restartPolicy"),
			"kube_pod_runtimeclass_name_info":                          runtimeClass,
			"kube_pod_spec_volumes_persistentvolumeclaims_info":        volumeClaims(func(node) float64 { return 1 }),
			"kube_pod_spec_volumes_persistentvolumeclaims_readonly":    volumeClaims(func(claim node) float64 { return truth(claim.at("readOnly").yes()) }),
			"kube_pod_start_time":                                      moment("status.startTime"),
			"kube_pod_status_phase":                                    phasesIfAny("status.phase", "phase", "Pending", "Succeeded", "Failed", "Unknown", "Running"),
			"kube_pod_status_qos_class":                                phasesIfAny("status.qosClass", "qos_class", "BestEffort", "Burstable", "Guaranteed"),
			"kube_pod_status_ready":                                    statusesOf("Ready"),
			"kube_pod_status_ready_time":                               transition("Ready", "True"),
			"kube_pod_status_initialized_time":                         transition("Initialized", "True"),
			"kube_pod_status_container_ready_time":                     transition("ContainersReady", "True"),
			"kube_pod_status_reason":                                   podReasons,
			"kube_pod_status_disruption_reason":                        disruptions,
			"kube_pod_status_scheduled":                                statusesOf("PodScheduled"),
			"kube_pod_status_scheduled_time":                           transition("PodScheduled", "True"),
			"kube_pod_status_unschedulable":                            unschedulable,
			"kube_pod_status_unscheduled_time":                         transition("PodScheduled", "False"),
			"kube_pod_tolerations": each("spec.tolerations",
				"key", "key", "operator", "operator", "value", "value", "effect", "effect", "toleration_seconds", "tolerationSeconds"),
			"kube_pod_nodeselectors":   everyEntry("nodeselector", "spec.nodeSelector"),
			"kube_pod_service_account": info("service_account", "spec.serviceAccountName"),
			"kube_pod_scheduler":       info("name", "spec.schedulerName"),
		},
	},
}

// podCompletion is the latest finish time of the containers.
func podCompletion(o object) []series {
	var last float64
	for _, s := range o.at("status.containerStatuses").list() {
		if finished := s.at("state.terminated"); finished.set() {
			last = max(last, float64(finished.at("finishedAt").time().Unix()))
		}
	}
	if last <= 0 {
		return nil
	}
	return one(last)
}

func containerInfo(o object) []series {
	return containerPairs(o.at("spec.containers"), o.at("status.containerStatuses"), func(node) []string { return nil })
}

func initContainerInfo(o object) []series {
	return containerPairs(o.at("spec.initContainers"), o.at("status.initContainerStatuses"), func(container node) []string {
		return []string{"restart_policy", container.at("restartPolicy").text()}
	})
}

// containerPairs has one series for each container and status of one name, with labels of the
// container.
func containerPairs(containers, statuses node, more func(node) []string) (all []series) {
	for _, c := range containers.list() {
		for _, s := range statuses.list() {
			if c.at("name").text() != s.at("name").text() {
				continue
			}
			labels := []string{
				"container", s.at("name").text(), "image_spec", c.at("image").text(), "image", s.at("image").text(),
				"image_id", s.at("imageID").text(), "container_id", s.at("containerID").text(),
			}
			all = append(all, one(1, append(labels, more(c)...)...)...)
		}
	}
	return all
}

func containerResources(containers, amounts string) reference {
	return func(o object) (all []series) {
		for _, c := range o.at(containers).list() {
			all = append(all, resources(c.at("resources").at(amounts), podUnits, milliOfCPU,
				"container", c.at("name").text(), "node", o.at("spec.nodeName").text())...)
		}
		return all
	}
}

func containerStatus(statuses string, value func(node) float64) reference {
	return func(o object) (all []series) {
		for _, s := range o.at(statuses).list() {
			all = append(all, one(value(s), "container", s.at("name").text())...)
		}
		return all
	}
}

func containerStarted(statuses string) reference {
	return func(o object) (all []series) {
		for _, s := range o.at(statuses).list() {
			state := s.at("state.running")
			if !state.set() {
				state = s.at("state.terminated")
			}
			if state.set() {
				all = append(all, at(state.at("startedAt"), "container", s.at("name").text())...)
			}
		}
		return all
	}
}

func containerReason(statuses, state string) reference {
	return func(o object) (all []series) {
		for _, s := range o.at(statuses).list() {
			if s.at(state).set() {
				all = append(all, one(1, "container", s.at("name").text(), "reason", s.at(state).at("reason").text())...)
			}
		}
		return all
	}
}

// terminated reads the last termination state of a container.
func terminated(statuses string, value func(node) float64) reference {
	return func(o object) (all []series) {
		for _, s := range o.at(statuses).list() {
			if last := s.at("lastState.terminated"); last.set() {
				all = append(all, one(value(last), "container", s.at("name").text())...)
			}
		}
		return all
	}
}

// lastTerminated is the last termination time of containers.
func lastTerminated(statuses string) reference {
	return func(o object) (all []series) {
		for _, s := range o.at(statuses).list() {
			all = append(all, at(s.at("lastState.terminated.finishedAt"), "container", s.at("name").text())...)
		}
		return all
	}
}

func podInfo(o object) []series {
	owners := o.at("metadata.ownerReferences").list()
	var creator node
	if i := slices.IndexFunc(owners, func(r node) bool { return r.at("controller").yes() }); i >= 0 {
		creator = owners[i]
	}
	return one(1,
		"host_ip", o.at("status.hostIP").text(),
		"pod_ip", o.at("status.podIP").text(),
		"node", o.at("spec.nodeName").text(),
		"created_by_kind", creator.at("kind").text(),
		"created_by_name", creator.at("name").text(),
		"priority_class", o.at("spec.priorityClassName").text(),
		"host_network", o.at("spec.hostNetwork").textOr("false"))
}

func podIPs(o object) (all []series) {
	for _, entry := range o.at("status.podIPs").list() {
		text := entry.at("ip").text()
		ip := net.ParseIP(text)
		switch {
		case ip == nil:
		case ip.To4() != nil:
			all = append(all, one(1, "ip", text, "ip_family", "4")...)
		default:
			all = append(all, one(1, "ip", text, "ip_family", "6")...)
		}
	}
	return all
}

func overheadCPU(o object) []series {
	if cpu := o.at("spec.overhead.cpu"); cpu.set() {
		return one(cpu.quantity().milli())
	}
	return nil
}

func overheadMemory(o object) []series {
	if memory := o.at("spec.overhead.memory"); memory.set() {
		return one(memory.quantity().rounded())
	}
	return nil
}

func resourceClaims(o object) (all []series) {
	for _, claim := range o.at("spec.resourceClaims").list() {
		template, name := claim.at("resourceClaimTemplateName"), claim.at("resourceClaimName")
		if !template.set() && !name.set() {
			continue
		}
		if !name.set() {
			statuses := o.at("status.resourceClaimStatuses").list()
			same := func(s node) bool { return s.at("name").text() == claim.at("name").text() }
			if i := slices.IndexFunc(statuses, same); i >= 0 {
				name = statuses[i].at("resourceClaimName")
			}
		}
		all = append(all, one(1, "claim_name", claim.at("name").text(),
			"resourceclaim_name", name.text(), "resourceclaim_template_name", template.text())...)
	}
	return all
}

func runtimeClass(o object) []series {
	if class := o.at("spec.runtimeClassName"); class.set() {
		return one(1, "runtimeclass_name", class.text())
	}
	return nil
}

// volumeClaims has one series for each volume of a claim, persistent or ephemeral.
func volumeClaims(value func(claim node) float64) reference {
	return func(o object) (all []series) {
		for _, v := range o.at("spec.volumes").list() {
			claim, name := v.at("persistentVolumeClaim"), v.at("name").text()
			switch {
			case claim.set():
				all = append(all, one(value(claim),
					"volume", name, "persistentvolumeclaim", claim.at("claimName").text(), "ephemeral", "false")...)
			case v.at("ephemeral").set():
				all = append(all, one(value(node{}),
					"volume", name, "persistentvolumeclaim", o.at("metadata.name").text()+"-"+name, "ephemeral", "true")...)
			}
		}
		return all
	}
}

// transition is the transition time of a condition to a status.
func transition(condition, status string) reference {
	return func(o object) (all []series) {
		for _, c := range o.at("status.conditions").list() {
			if c.at("type").text() == condition && c.at("status").text() == status {
				all = append(all, at(c.at("lastTransitionTime"))...)
			}
		}
		return all
	}
}

func unschedulable(o object) (all []series) {
	for _, c := range o.at("status.conditions").list() {
		if c.at("type").text() == "PodScheduled" && c.at("status").text() == "False" {
			all = append(all, one(1)...)
		}
	}
	return all
}

func podReasons(o object) (all []series) {
	listed := strings.Fields("Evicted NodeAffinity NodeLost PreemptionByScheduler SchedulingGated Shutdown TerminationByKubelet UnexpectedAdmissionError")
	own := o.at("status.reason").text()
	given := []string{own}
	for _, c := range o.at("status.conditions").list() {
		given = append(given, c.at("reason").text())
	}
	for _, s := range o.at("status.containerStatuses").list() {
		given = append(given, s.at("state.terminated.reason").text())
	}
	for _, reason := range listed {
		if slices.Contains(given, reason) {
			all = append(all, one(1, "reason", reason)...)
		}
	}
	if own != "" && !slices.Contains(listed, own) {
		all = append(all, one(1, "reason", "Other")...)
	}
	return all
}

func disruptions(o object) (all []series) {
	listed := strings.Fields("PreemptionByScheduler DeletionByTaintManager EvictionByEvictionAPI DeletionByPodGC TerminationByKubelet")
	for _, c := range o.at("status.conditions").list() {
		if c.at("type").text() != "DisruptionTarget" {
			continue
		}
		reason := c.at("reason").text()
		if !slices.Contains(listed, reason) {
			reason = "Other"
		}
		all = append(all, one(1, "reason", reason)...)
	}
	return all
}
