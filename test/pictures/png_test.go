package main

import (
	"bytes"
	"image"
	"image/png"
	"testing"
)

// TestSourceOfPicture holds that a picture with a source is still a picture, and has the last source.
func TestSourceOfPicture(t *testing.T) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 3, 2))); err != nil {
		t.Fatal(err)
	}
	if source, err := sourceOf(b.Bytes()); err == nil {
		t.Errorf("source of a picture without one: %q", source)
	}
	first, err := withSource(b.Bytes(), "first")
	if err != nil {
		t.Fatal(err)
	}
	second, err := withSource(first, "second")
	if err != nil {
		t.Fatal(err)
	}
	if source, err := sourceOf(second); source != "second" || err != nil {
		t.Errorf("source: %q, %v", source, err)
	}
	if decoded, err := png.Decode(bytes.NewReader(second)); err != nil || decoded.Bounds() != image.Rect(0, 0, 3, 2) {
		t.Errorf("decoded: %v, %v", decoded, err)
	}
	if _, err := withSource(second[:len(second)-1], ""); err == nil {
		t.Error("a truncated picture passes for a picture")
	}
}
