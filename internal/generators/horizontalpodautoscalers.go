package generators

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
)

// HorizontalPodAutoscalers is the table of autoscaling/v2
// HorizontalPodAutoscaler families.
var HorizontalPodAutoscalers = Table[*autoscalingv2.HorizontalPodAutoscaler]{
	Resource: autoscalingv2.SchemeGroupVersion.WithResource("horizontalpodautoscalers"),
	Kind:     "HorizontalPodAutoscaler",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("horizontalpodautoscaler")},
	Families: []Family[*autoscalingv2.HorizontalPodAutoscaler]{
		{Name: "kube_horizontalpodautoscaler_info", Type: Gauge, Stability: Alpha,
			Labels: Labels{"scaletargetref_api_version", "scaletargetref_kind", "scaletargetref_name"}.Or("scaletargetref_kind", "scaletargetref_name"),
			Help:   "Scale target of the horizontal pod autoscaler.",
			Row: func(h *autoscalingv2.HorizontalPodAutoscaler, s *Samples) {
				if t := &h.Spec.ScaleTargetRef; t.APIVersion == "" {
					s.One(t.Kind, t.Name)
				} else {
					s.One(t.APIVersion, t.Kind, t.Name)
				}
			}},

		{Name: "kube_horizontalpodautoscaler_metadata_generation", Type: Gauge, Stability: Stable,
			Help: "Generation of the horizontal pod autoscaler.",
			Row:  generation[*autoscalingv2.HorizontalPodAutoscaler]},

		{Name: "kube_horizontalpodautoscaler_spec_max_replicas", Type: Gauge, Stability: Stable,
			Help: "Maximum replicas of the horizontal pod autoscaler.",
			Row:  func(h *autoscalingv2.HorizontalPodAutoscaler, s *Samples) { s.Int(int64(h.Spec.MaxReplicas)) }},

		{Name: "kube_horizontalpodautoscaler_spec_min_replicas", Type: Gauge, Stability: Stable,
			Help: "Minimum replicas of the horizontal pod autoscaler.",
			Row: func(h *autoscalingv2.HorizontalPodAutoscaler, s *Samples) {
				s.Int(int64(valueOr(h.Spec.MinReplicas, 1))) // the API's default
			}},

		{Name: "kube_horizontalpodautoscaler_spec_target_metric", Type: Gauge, Stability: Alpha, Labels: Labels{"metric_name", "metric_target_type", "container"},
			Help: "Target metric values of the horizontal pod autoscaler.",
			Row: func(h *autoscalingv2.HorizontalPodAutoscaler, s *Samples) {
				for i := range h.Spec.Metrics {
					targetOf(&h.Spec.Metrics[i]).add(s)
				}
			}},

		{Name: "kube_horizontalpodautoscaler_spec_behavior_scale_down_tolerance", Type: Gauge, Stability: Alpha,
			Help: "Scale-down tolerance of the horizontal pod autoscaler, ratio.",
			Row: func(h *autoscalingv2.HorizontalPodAutoscaler, s *Samples) {
				if b := h.Spec.Behavior; b != nil {
					tolerance(b.ScaleDown, s)
				}
			}},

		{Name: "kube_horizontalpodautoscaler_spec_behavior_scale_up_tolerance", Type: Gauge, Stability: Alpha,
			Help: "Scale-up tolerance of the horizontal pod autoscaler, ratio.",
			Row: func(h *autoscalingv2.HorizontalPodAutoscaler, s *Samples) {
				if b := h.Spec.Behavior; b != nil {
					tolerance(b.ScaleUp, s)
				}
			}},

		{Name: "kube_horizontalpodautoscaler_status_target_metric", Type: Gauge, Stability: Stable, Labels: Labels{"metric_name", "metric_target_type", "container"},
			Help: "Current metric values of the horizontal pod autoscaler.",
			Row: func(h *autoscalingv2.HorizontalPodAutoscaler, s *Samples) {
				for i := range h.Status.CurrentMetrics {
					currentOf(&h.Status.CurrentMetrics[i]).add(s)
				}
			}},

		{Name: "kube_horizontalpodautoscaler_status_current_replicas", Type: Gauge, Stability: Stable,
			Help: "Current replicas of the horizontal pod autoscaler.",
			Row:  func(h *autoscalingv2.HorizontalPodAutoscaler, s *Samples) { s.Int(int64(h.Status.CurrentReplicas)) }},

		{Name: "kube_horizontalpodautoscaler_status_desired_replicas", Type: Gauge, Stability: Stable,
			Help: "Desired replicas of the horizontal pod autoscaler.",
			Row:  func(h *autoscalingv2.HorizontalPodAutoscaler, s *Samples) { s.Int(int64(h.Status.DesiredReplicas)) }},

		{Name: "kube_horizontalpodautoscaler_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the horizontal pod autoscaler selected by the allowlist.",
			Row:  annotations[*autoscalingv2.HorizontalPodAutoscaler]},

		{Name: "kube_horizontalpodautoscaler_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "Labels of the horizontal pod autoscaler selected by the allowlist.",
			Row:  labels[*autoscalingv2.HorizontalPodAutoscaler]},

		{Name: "kube_horizontalpodautoscaler_status_condition", Type: Gauge, Stability: Stable, Sparse: true, Labels: Labels{"condition", "status"},
			Help: "Conditions of the horizontal pod autoscaler (1 for the current status of each).",
			Row: func(h *autoscalingv2.HorizontalPodAutoscaler, s *Samples) {
				for i := range h.Status.Conditions {
					c := &h.Status.Conditions[i]
					s.Status(string(c.Status), string(c.Type))
				}
			}},

		{Name: "kube_horizontalpodautoscaler_created", Type: Gauge, Stability: Alpha,
			Help: "Creation timestamp of the horizontal pod autoscaler, Unix seconds.",
			Row:  created[*autoscalingv2.HorizontalPodAutoscaler]},

		{Name: "kube_horizontalpodautoscaler_deletion_timestamp", Type: Gauge, Stability: Alpha,
			Help: "Deletion timestamp of the horizontal pod autoscaler, Unix seconds.",
			Row:  deleted[*autoscalingv2.HorizontalPodAutoscaler]},
	},
}

func tolerance(rules *autoscalingv2.HPAScalingRules, s *Samples) {
	if rules != nil && rules.Tolerance != nil {
		s.Approximate(*rules.Tolerance)
	}
}

// scaleMetric is a metric of an autoscaler with up to three target or current values.
// It has no values if the source that its type names is missing.
type scaleMetric struct {
	name, container string
	value, average  *resource.Quantity
	utilization     *int32
}

func (m scaleMetric) add(s *Samples) {
	if m.value != nil {
		s.Milli(*m.value, m.name, "value", m.container)
	}
	if m.utilization != nil {
		s.Int(int64(*m.utilization), m.name, "utilization", m.container)
	}
	if m.average != nil {
		s.Milli(*m.average, m.name, "average", m.container)
	}
}

func (m scaleMetric) target(t *autoscalingv2.MetricTarget) scaleMetric {
	m.value, m.average, m.utilization = t.Value, t.AverageValue, t.AverageUtilization
	return m
}

func (m scaleMetric) current(c *autoscalingv2.MetricValueStatus) scaleMetric {
	m.value, m.average, m.utilization = c.Value, c.AverageValue, c.AverageUtilization
	return m
}

func targetOf(m *autoscalingv2.MetricSpec) scaleMetric {
	switch {
	case m.Type == autoscalingv2.ObjectMetricSourceType && m.Object != nil:
		return scaleMetric{name: m.Object.Metric.Name}.target(&m.Object.Target)
	case m.Type == autoscalingv2.PodsMetricSourceType && m.Pods != nil:
		return scaleMetric{name: m.Pods.Metric.Name}.target(&m.Pods.Target)
	case m.Type == autoscalingv2.ResourceMetricSourceType && m.Resource != nil:
		return scaleMetric{name: string(m.Resource.Name)}.target(&m.Resource.Target)
	case m.Type == autoscalingv2.ContainerResourceMetricSourceType && m.ContainerResource != nil:
		r := m.ContainerResource
		return scaleMetric{name: string(r.Name), container: r.Container}.target(&r.Target)
	case m.Type == autoscalingv2.ExternalMetricSourceType && m.External != nil:
		return scaleMetric{name: m.External.Metric.Name}.target(&m.External.Target)
	}
	return scaleMetric{}
}

func currentOf(m *autoscalingv2.MetricStatus) scaleMetric {
	switch {
	case m.Type == autoscalingv2.ObjectMetricSourceType && m.Object != nil:
		return scaleMetric{name: m.Object.Metric.Name}.current(&m.Object.Current)
	case m.Type == autoscalingv2.PodsMetricSourceType && m.Pods != nil:
		return scaleMetric{name: m.Pods.Metric.Name}.current(&m.Pods.Current)
	case m.Type == autoscalingv2.ResourceMetricSourceType && m.Resource != nil:
		return scaleMetric{name: string(m.Resource.Name)}.current(&m.Resource.Current)
	case m.Type == autoscalingv2.ContainerResourceMetricSourceType && m.ContainerResource != nil:
		r := m.ContainerResource
		return scaleMetric{name: string(r.Name), container: r.Container}.current(&r.Current)
	case m.Type == autoscalingv2.ExternalMetricSourceType && m.External != nil:
		return scaleMetric{name: m.External.Metric.Name}.current(&m.External.Current)
	}
	return scaleMetric{}
}
