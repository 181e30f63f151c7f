package faults

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
)

// magic is the prefix of Kubernetes' protobuf.
const magic = "k8s\x00"

// readFrame reads a frame of a watch, four bytes of length and a message, and returns the message.
func readFrame(r io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	message := make([]byte, binary.BigEndian.Uint32(length[:]))
	_, err := io.ReadFull(r, message)
	return message, err
}

// withLength returns the frame of a message.
func withLength(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)
}

// event decodes a frame's message.
func (f *Frame) event() metav1.WatchEvent {
	var e metav1.WatchEvent
	if err := e.Unmarshal(f.Message); err != nil {
		panic(fmt.Sprintf("BUG: the API server sent no event: %v", err))
	}
	return e
}

// Bookmark reports whether the frame is a bookmark.
func (f *Frame) Bookmark() bool { return f.event().Type == "BOOKMARK" }

// End reports whether the frame is the bookmark that ends a streamed list.
func (f *Frame) End() bool {
	return f.Bookmark() && bytes.Contains(f.Message, []byte(metav1.InitialEventsAnnotationKey))
}

// Unchanged returns the original frame.
func (f *Frame) Unchanged() [][]byte { return [][]byte{withLength(f.Message)} }

// WithUnknownFields returns the frame with unknown fields in event, envelope and object.
func (f *Frame) WithUnknownFields() [][]byte {
	e := f.event()
	var envelope runtime.Unknown
	if err := envelope.Unmarshal(bytes.TrimPrefix(e.Object.Raw, []byte(magic))); err != nil {
		panic(fmt.Sprintf("BUG: the API server sent no envelope: %v", err))
	}
	envelope.Raw = append(envelope.Raw, unknownFields...)
	e.Object.Raw = append([]byte(magic), append(must(envelope.Marshal()), unknownFields...)...)
	return [][]byte{withLength(append(must(e.Marshal()), unknownFields...))}
}

// unknownFields are field 2000 as a number, 2001 as bytes and 2002 as 8 bytes.
var unknownFields = []byte{
	0x80, 0x7d, 0x2a,
	0x8a, 0x7d, 0x03, 'n', 'e', 'w',
	0x91, 0x7d, 1, 2, 3, 4, 5, 6, 7, 8,
}

// Expired returns the event of a watch whose version has expired.
func Expired() []byte {
	var status bytes.Buffer
	err := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme).Encode(&metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure, Reason: metav1.StatusReasonExpired, Code: http.StatusGone,
		Message: "too old resource version",
	}, &status)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	e := metav1.WatchEvent{Type: "ERROR", Object: runtime.RawExtension{Raw: status.Bytes()}}
	return must(e.Marshal())
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return b
}
