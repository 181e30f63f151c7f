package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/kubestate/kubestate/internal/store"
)

// FuzzResponse stores arbitrary bytes and reads the response back in both encodings.
func FuzzResponse(f *testing.F) {
	addTexts(f)
	f.Fuzz(func(t *testing.T, text []byte, seed uint64, objects int) {
		r, want := random(text, seed, objects)
		if got := store.CheckResponse(t, store.NewResponse([]store.View{r.View()}, "")); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

// FuzzResponseOfGzip has gzip and curl's zlib read the gzip response: each is stricter than Go in
// places.
func FuzzResponseOfGzip(f *testing.F) {
	addTexts(f)
	var body []byte
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(body)
	}))
	f.Cleanup(s.Close)
	f.Fuzz(func(t *testing.T, text []byte, seed uint64, objects int) {
		r, want := random(text, seed, objects)
		var b bytes.Buffer
		if err := store.NewResponse([]store.View{r.View()}, "# EOF\n").WriteGzip(&b); err != nil {
			t.Fatal(err)
		}
		body, want = b.Bytes(), want+"# EOF\n"
		for _, reader := range [][]string{{"gzip", "--test"}, {"gzip", "--decompress", "--stdout"}, {"curl", "--silent", "--show-error", "--compressed", s.URL}} {
			c := exec.CommandContext(t.Context(), reader[0], reader[1:]...)
			c.Stdin = bytes.NewReader(body)
			got, err := c.Output()
			if err != nil || string(got) != want && reader[1] != "--test" {
				t.Errorf("%s: %d bytes, want %d: %v", reader, len(got), len(want), err)
			}
		}
	})
}

var families = []store.Family{{Name: "a", Header: []byte("# a\n")}, {Name: "b", Header: []byte("# b\n")}}

func addTexts(f *testing.F) {
	f.Add([]byte("a\n"), uint64(1), 3)
	f.Add(bytes.Repeat([]byte("kube_pod_info{namespace=\"a\"} 1\n"), 200), uint64(2), 100)
	f.Add(bytes.Repeat([]byte("kube_pod_info{namespace=\"a\"} 1\n"), 5000), uint64(2), 3)
	f.Add([]byte{0, 0xff, '\n', 0x1f, 0x8b}, uint64(3), 70)
	f.Add([]byte(nil), uint64(4), 5)
	f.Add([]byte("a\n"), uint64(5), 0)
}

// random returns a resource of objects whose lines are cut from text, and its response.
func random(text []byte, seed uint64, objects int) (*store.Resource, string) {
	rnd := rand.New(rand.NewPCG(seed, 0))
	r := store.NewResource("things", families, 1)
	p := r.Partitions()[0]
	byFamily := [2][]string{}
	for i := range min(max(objects, 0), 200) {
		cut, end := rnd.IntN(len(text)+1), rnd.IntN(len(text)+1)
		cut, end = min(cut, end), max(cut, end)
		p.Set(store.Rendered{UID: fmt.Sprint(i), Text: text[:end], Ends: []int{cut, end}})
		byFamily[0] = append(byFamily[0], string(text[:cut]))
		byFamily[1] = append(byFamily[1], string(text[cut:end]))
		if rnd.IntN(20) == 0 {
			for range 6 {
				r.Compact()
			}
		}
	}
	if len(byFamily[0]) == 0 {
		return r, ""
	}
	return r, "# a\n" + strings.Join(byFamily[0], "") + "# b\n" + strings.Join(byFamily[1], "")
}

func TestTypedHeaders(t *testing.T) {
	r := store.NewResource("things", []store.Family{
		{Name: "a", Header: []byte("# gauge\n"), Typed: []byte("# info\n")},
		{Name: "b", Header: []byte("# both\n"), Typed: []byte("# both\n")},
		{Name: "c", Header: []byte("# alone\n")},
	}, 1)
	r.Partitions()[0].Set(store.Rendered{UID: "1", Text: []byte("a\nb\nc\n"), Ends: []int{2, 4, 6}})
	f := func(newResponse func([]store.View, string) *store.Response, want string) {
		t.Helper()
		if got := store.CheckResponse(t, newResponse([]store.View{r.View()}, "# end\n")); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(store.NewResponse, "# gauge\na\n# both\nb\n# alone\nc\n# end\n")
	f(store.NewTypedResponse, "# info\na\n# both\nb\n# alone\nc\n# end\n")
}

// TestWriteError expects no write after one that failed.
func TestWriteError(t *testing.T) {
	r := store.NewResource("things", families, 1)
	for i := range 2000 {
		text := []byte(fmt.Sprintf("a{%d} %s\n", i, strings.Repeat("x", 1000)))
		r.Partitions()[0].Set(store.Rendered{UID: fmt.Sprint(i), Text: text, Ends: []int{len(text), len(text)}})
	}
	response := store.NewResponse([]store.View{r.View()}, "# EOF\n")
	for name, write := range map[string]func(*failing) error{
		"text": func(w *failing) error { return response.WriteText(w) },
		"gzip": func(w *failing) error { return response.WriteGzip(w) },
	} {
		w := &failing{after: 2}
		if err := write(w); !errors.Is(err, errGone) || w.writes != 3 {
			t.Errorf("%s: %d writes and error %v, want 3 and %v", name, w.writes, err, errGone)
		}
	}
}

var errGone = errors.New("gone")

// failing returns errGone after some writes.
type failing struct{ after, writes int }

func (f *failing) Write(p []byte) (int, error) {
	f.writes++
	if f.writes > f.after {
		return 0, errGone
	}
	return len(p), nil
}

func TestResourceIs(t *testing.T) {
	r := store.NewResource("widgets.example.com", nil, 1, "widgets", "wd")
	for name, want := range map[string]bool{"widgets.example.com": true, "widgets": true, "wd": true, "widget": false, "": false, "Widgets": false} {
		if got := r.Is(name); got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
}
