package apiclient_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/generators"
)

// pods is a resource of which all fields are read.
var pods = &generators.Table[*corev1.Pod]{
	Resource: corev1.SchemeGroupVersion.WithResource("pods"),
	Kind:     "Pod",
	Scope:    generators.Namespaced,
}

// vault is a resource whose printer columns have all that is read of it.
var vault = &generators.Table[*corev1.Secret]{
	Resource: corev1.SchemeGroupVersion.WithResource("secrets"),
	Kind:     "Secret",
	Scope:    generators.Namespaced,
	Fetch: generators.Fetch[*corev1.Secret]{Reads: generators.Fields{"type"}, Columns: []generators.PrinterColumn[*corev1.Secret]{
		{Name: "Type", Set: func(s *corev1.Secret, cell string) { s.Type = corev1.SecretType(cell) }},
	}},
}

// options are those of a client without a filter and stored specs.
func options() apiclient.Options {
	return apiclient.Options{Metrics: apiclient.NewMetrics(prometheus.NewRegistry())}
}

// newDecoder makes the decoder of a list of vault, or of a watch.
func newDecoder(t *testing.T, mediaType string, watch bool) runtime.Decoder {
	t.Helper()
	n := apiclient.NewNegotiator(vault, options())
	d, err := n.Decoder(mediaType, nil)
	if watch {
		d, _, _, err = n.StreamDecoder(mediaType, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func mediaTypeOf(b []byte) string {
	if bytes.HasPrefix(b, []byte("{")) {
		return runtime.ContentTypeJSON
	}
	return runtime.ContentTypeProtobuf
}

// encoded is an object as an API server sends it.
func encoded(t testing.TB, mediaType string, o runtime.Object) []byte {
	t.Helper()
	info, _ := runtime.SerializerInfoForMediaType(scheme.Codecs.SupportedMediaTypes(), mediaType)
	b, err := runtime.Encode(info.Serializer, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// secret is a Secret with a value.
func secret(name string) corev1.Secret {
	return corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: name, ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "m"}}},
		Data:       map[string][]byte{"password": []byte("hunter2")}, Type: "tls",
	}
}

// received is what the decoder is to leave of secret.
func received(name string) corev1.Secret {
	return corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, Type: "tls"}
}

// tableOf is a table as an API server sends it.
func tableOf(columns string, names ...string) string {
	var rows []string
	for _, name := range names {
		rows = append(rows, `{"cells":["`+name+`","tls",1,"3d"],"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"`+name+`"}}}`)
	}
	return `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"7","continue":"more"},` +
		`"columnDefinitions":` + columns + `,"rows":[` + strings.Join(rows, ",") + `]}`
}

const secretColumns = `[{"name":"Name","type":"string"},{"name":"Type","type":"string"},{"name":"Data","type":"integer"},{"name":"Age","type":"string"}]`

// TestDecode checks what becomes of each form of response.
func TestDecode(t *testing.T) {
	one, two := secret("a"), secret("b")
	list := &corev1.SecretList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "SecretList"}, ListMeta: metav1.ListMeta{ResourceVersion: "7", Continue: "more"}}
	list.Items = []corev1.Secret{one, two}
	wantOne := received("a")
	wantList := &corev1.SecretList{ListMeta: list.ListMeta, Items: []corev1.Secret{received("a"), received("b")}}
	partial := &metav1.PartialObjectMetadata{
		TypeMeta: metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadata"}, ObjectMeta: one.ObjectMeta,
	}
	partials := &metav1.PartialObjectMetadataList{
		TypeMeta: metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadataList"}, ListMeta: list.ListMeta,
		Items: []metav1.PartialObjectMetadata{*partial},
	}
	status := &metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Reason: metav1.StatusReasonExpired}

	f := func(name string, stream bool, b []byte, want runtime.Object) {
		t.Helper()
		got, _, err := newDecoder(t, mediaTypeOf(b), stream).Decode(bytes.Clone(b), nil, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	f("object", true, encoded(t, runtime.ContentTypeProtobuf, &one), &wantOne)
	f("list", false, encoded(t, runtime.ContentTypeProtobuf, list), wantList)
	f("metadata", true, encoded(t, runtime.ContentTypeProtobuf, partial), &corev1.Secret{ObjectMeta: wantOne.ObjectMeta})
	f("list of metadata", false, encoded(t, runtime.ContentTypeProtobuf, partials),
		&corev1.SecretList{ListMeta: list.ListMeta, Items: []corev1.Secret{{ObjectMeta: wantOne.ObjectMeta}}})
	f("table of an object", true, []byte(tableOf(secretColumns, "a")), &wantOne)
	f("table", false, []byte(tableOf(secretColumns, "a", "b")), wantList)
	f("table of one", false, []byte(tableOf(secretColumns, "a")), &corev1.SecretList{ListMeta: list.ListMeta, Items: []corev1.Secret{wantOne}})
	f("empty table", false, []byte(tableOf(secretColumns)), &corev1.SecretList{ListMeta: list.ListMeta, Items: []corev1.Secret{}})
	f("failure", true, encoded(t, runtime.ContentTypeProtobuf, status), &metav1.Status{Reason: metav1.StatusReasonExpired})
	f("failure in JSON", true, encoded(t, runtime.ContentTypeJSON, status), &metav1.Status{Reason: metav1.StatusReasonExpired})
	one.TypeMeta = metav1.TypeMeta{}
	f("object in JSON", true, encoded(t, runtime.ContentTypeJSON, &corev1.Secret{TypeMeta: two.TypeMeta, ObjectMeta: one.ObjectMeta, Data: one.Data, Type: one.Type}), &one)
}

// TestDecodeColumns checks that a watch of tables defines its columns in the first, and may do
// so again.
func TestDecodeColumns(t *testing.T) {
	d := newDecoder(t, runtime.ContentTypeJSON, true)
	f := func(columns, cell string) {
		t.Helper()
		got, _, err := d.Decode([]byte(tableOf(columns, "a")), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := received("a")
		want.Type = corev1.SecretType(cell)
		if d := cmp.Diff(runtime.Object(&want), got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	f(secretColumns, "tls")
	f("null", "tls")
	f("null", "tls")
	f(secretColumns, "tls")
	f(`[{"name":"Type"},{"name":"Name"}]`, "a")
	f("null", "a")
}

// TestDecodeRefuses checks the errors of malformed responses.
func TestDecodeRefuses(t *testing.T) {
	f := func(stream bool, b, want string) {
		t.Helper()
		got, _, err := newDecoder(t, mediaTypeOf([]byte(b)), stream).Decode([]byte(b), nil, nil)
		if got != nil || err == nil || err.Error() != want {
			t.Errorf("%v, %v, want %s", got, err, want)
		}
	}
	f(true, tableOf("null", "a"), "table without column Type")
	f(true, tableOf(`[{"name":"Name"}]`, "a"), "table without column Type")
	f(false, tableOf(`[{"name":"Name"},{},{},{},{"name":"Type"}]`, "a"), "row of 4 cells without column Type")
	f(true, tableOf(secretColumns), "event with a table of 0 rows")
	f(true, tableOf(secretColumns, "a", "b"), "event with a table of 2 rows")
	one := secret("a")
	wire := encoded(t, runtime.ContentTypeProtobuf, &one)
	cut := bytes.Replace(wire, []byte("hunter2"), []byte("\x0a\xff\xff\xff\xff\xff\xff"), 1)
	if _, _, err := newDecoder(t, runtime.ContentTypeProtobuf, true).Decode(cut, nil, nil); err != nil {
		t.Errorf("a field that is cut was decoded: %v", err)
	}
	f(true, string(wire[:4])+"\x0a\x0c\x0a\x02v1\x12\x06Secret\x12\x02\x0a\x09", "unexpected EOF")
}

// TestCutFieldsAreErased checks that the buffer of an object does not keep fields that were cut.
func TestCutFieldsAreErased(t *testing.T) {
	one := secret("a")
	wire := encoded(t, runtime.ContentTypeProtobuf, &one)
	if _, _, err := newDecoder(t, runtime.ContentTypeProtobuf, true).Decode(wire, nil, nil); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(wire, []byte("hunter2")) {
		t.Errorf("%q", wire)
	}
}

// TestAccept checks the Accept headers.
func TestAccept(t *testing.T) {
	f := func(r generators.Resource, watch bool, want string) {
		t.Helper()
		if got := apiclient.NewNegotiator(r, options()).Accept(watch); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	const whole = "application/vnd.kubernetes.protobuf,application/json"
	f(pods, true, whole)
	f(pods, false, whole)
	f(vault, true, "application/json;as=Table;g=meta.k8s.io;v=v1,"+whole)
	f(vault, false, "application/json;as=Table;g=meta.k8s.io;v=v1,"+whole)
	metadata := &generators.Table[*corev1.ConfigMap]{
		Resource: corev1.SchemeGroupVersion.WithResource("configmaps"), Kind: "ConfigMap",
		Fetch: generators.Fetch[*corev1.ConfigMap]{Reads: generators.Fields{"metadata"}},
	}
	f(metadata, true, "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,"+whole)
	f(metadata, false, "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,"+whole)
}

// TestSecretsAreRequestedAsTables checks that values of Secrets and ConfigMaps are not requested.
func TestSecretsAreRequestedAsTables(t *testing.T) {
	for _, r := range generators.Builtin() {
		accept := apiclient.NewNegotiator(r, options()).Accept(true)
		switch d, reads := r.Describe(), r.Recipe().Reads; d.Name {
		case "secrets":
			if !strings.HasPrefix(accept, "application/json;as=Table;") || !slices.Equal(reads, []string{"type"}) {
				t.Errorf("%s are requested as %s, and %v are read", d.Name, accept, reads)
			}
		case "configmaps":
			if !strings.Contains(accept, "as=PartialObjectMetadata;") {
				t.Errorf("%s are requested as %s", d.Name, accept)
			}
		}
	}
}

// TestDecodingIsCounted checks the counters of bytes cut and of time.
func TestDecodingIsCounted(t *testing.T) {
	reg := prometheus.NewRegistry()
	d, err := apiclient.NewNegotiator(vault, apiclient.Options{Metrics: apiclient.NewMetrics(reg)}).Decoder(runtime.ContentTypeProtobuf, nil)
	if err != nil {
		t.Fatal(err)
	}
	// A Secret with one field, of three bytes, that is not read.
	if _, _, err := d.Decode([]byte("k8s\x00\x0a\x0c\x0a\x02v1\x12\x06Secret\x12\x03\x12\x01a"), nil, nil); err != nil {
		t.Fatal(err)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		got[family.GetName()] = family.GetMetric()[0].GetCounter().GetValue()
	}
	if got["kubestate_projection_skipped_bytes_total"] != 3 || got["kubestate_decode_seconds_total"] <= 0 {
		t.Errorf("counted %v", got)
	}
}
