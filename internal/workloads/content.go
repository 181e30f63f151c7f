package workloads

import (
	"bytes"
	"maps"
	"slices"
	"unique"

	corev1 "k8s.io/api/core/v1"
)

// content is the pods of a source that have a controller: what their lines need beside their
// workload. Others are rendered once. A pod takes some 100 bytes.
type content struct {
	pods   map[id]*group
	groups map[id]*group // by the id of the controller
	names  map[id]string // of pods that are not named after their controller
	texts  map[id]texts  // of pods whose id is not textual, or is not that of their uid
}

// A group is the pods of one controller.
type group struct {
	controller reference
	namespace  unique.Handle[string]
	shown      unique.Handle[workload] // as rendered
	pods       []member
	next       *group // of another reference to the uid, or in another namespace, as only files have
}

// A member is a pod of a group. Its name is that of the controller and the suffix, unless names has it.
type member struct {
	id     id
	suffix [maxSuffix]byte
}

// texts are the key and the uid of a pod.
type texts struct{ key, uid string }

func newContent() content {
	return content{pods: map[id]*group{}, groups: map[id]*group{}, names: map[id]string{}, texts: map[id]texts{}}
}

// set adds or replaces a pod, and returns the workload to render: that of its group, the zero handle
// for the pod itself.
func (c *content) set(x *Index, key string, p *corev1.Pod) unique.Handle[workload] {
	i, textual := idOf(key)
	controller, ok := controllerOf(p)
	if !ok {
		c.drop(i)
		return nodeOf(p)
	}
	namespace := unique.Make(p.Namespace)
	g := c.pods[i]
	if g == nil || g.controller != controller || g.namespace != namespace {
		c.drop(i)
		if g = c.group(controller, namespace); len(g.pods) == 0 {
			g.shown = x.follow(controller)
		}
		g.pods = append(g.pods, member{id: i})
		c.pods[i] = g
	}
	if !textual || key != string(p.UID) {
		c.texts[i] = texts{key, string(p.UID)}
	}
	if _, named := c.names[i]; !named && c.nameIs(g, g.at(i), p.Name) {
		return g.shown
	}
	suffix, ok := cut(p.Name, controller.what.Value().name)
	g.at(i).suffix = suffix
	if delete(c.names, i); !ok {
		c.names[i] = p.Name
	}
	return g.shown
}

// nodeOf returns the node of a mirror pod, to which it belongs without a controller, too; the zero
// handle for other pods.
func nodeOf(p *corev1.Pod) unique.Handle[workload] {
	if _, mirror := p.Annotations[corev1.MirrorPodAnnotationKey]; mirror && p.Spec.NodeName != "" {
		return unique.Make(workload{"Node", p.Spec.NodeName})
	}
	return unique.Handle[workload]{}
}

// group returns the group of a reference, and adds it if there is none.
func (c *content) group(controller reference, namespace unique.Handle[string]) *group {
	first := c.groups[controller.id]
	for g := first; g != nil; g = g.next {
		if g.controller == controller && g.namespace == namespace {
			return g
		}
	}
	g := &group{controller: controller, namespace: namespace, next: first}
	c.groups[controller.id] = g
	return g
}

// at returns a member of the group.
func (g *group) at(i id) *member {
	return &g.pods[slices.IndexFunc(g.pods, func(m member) bool { return m.id == i })]
}

// drop removes a pod.
func (c *content) drop(i id) {
	g := c.pods[i]
	if g == nil {
		return
	}
	*g.at(i) = g.pods[len(g.pods)-1]
	if g.pods = g.pods[:len(g.pods)-1]; len(g.pods) == 0 {
		c.remove(g)
	}
	delete(c.pods, i)
	delete(c.names, i)
	delete(c.texts, i)
}

// leave removes the pods of keys.
func (c *content) leave(keys []string) {
	for _, key := range keys {
		i, _ := idOf(key)
		c.drop(i)
	}
}

// remove removes a group.
func (c *content) remove(g *group) {
	at := c.groups[g.controller.id]
	if at == g {
		if g.next == nil {
			delete(c.groups, g.controller.id)
		} else {
			c.groups[g.controller.id] = g.next
		}
		return
	}
	for at.next != g {
		at = at.next
	}
	at.next = g.next
}

// retain removes the pods for whose namespaces and keys keep returns false.
func (c *content) retain(keep func(namespace, key string) bool) {
	for i, g := range c.pods {
		if !keep(g.namespace.Value(), c.textsOf(i).key) {
			c.drop(i)
		}
	}
}

// addAll adds the pods of other content, none of which c has.
func (c *content) addAll(other *content) {
	for _, from := range other.groups {
		for ; from != nil; from = from.next {
			g := c.group(from.controller, from.namespace)
			g.shown = from.shown
			for _, m := range from.pods {
				g.pods = append(g.pods, m)
				c.pods[m.id] = g
			}
		}
	}
	maps.Copy(c.names, other.names)
	maps.Copy(c.texts, other.texts)
}

// nameOf returns the name of a member.
func (c *content) nameOf(g *group, m *member) string {
	if name, ok := c.names[m.id]; ok {
		return name
	}
	return g.controller.what.Value().name + string(m.text())
}

// nameIs reports whether a member that is named after its controller has a name.
func (c *content) nameIs(g *group, m *member, name string) bool {
	prefix := g.controller.what.Value().name
	return len(name) >= len(prefix) && name[:len(prefix)] == prefix && name[len(prefix):] == string(m.text())
}

func (m *member) text() []byte { return bytes.TrimRight(m.suffix[:], "\x00") }

// textsOf returns the key and the uid of a pod.
func (c *content) textsOf(i id) texts {
	if t, ok := c.texts[i]; ok {
		return t
	}
	uid := i.String()
	return texts{uid, uid}
}
