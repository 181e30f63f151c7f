package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
)

const (
	signature = "\x89PNG\r\n\x1a\n"
	keyword   = "Source\x00"
)

// A chunk of a PNG has a length, a type of four letters, data and a checksum.
type chunk struct{ kind, data []byte }

// chunks returns the chunks of a PNG.
func chunks(png []byte) ([]chunk, error) {
	rest, ok := bytes.CutPrefix(png, []byte(signature))
	if !ok {
		return nil, errors.New("no PNG")
	}
	var all []chunk
	for len(rest) > 0 {
		if len(rest) < 12 || uint64(binary.BigEndian.Uint32(rest))+12 > uint64(len(rest)) {
			return nil, errors.New("truncated PNG")
		}
		n := int(binary.BigEndian.Uint32(rest))
		all = append(all, chunk{rest[4:8], rest[8 : 8+n]})
		rest = rest[12+n:]
	}
	return all, nil
}

// withSource returns a PNG with a text that says what it was made from, instead of other text.
func withSource(png []byte, source string) ([]byte, error) {
	all, err := chunks(png)
	if err != nil {
		return nil, err
	}
	b := []byte(signature)
	for i, c := range all {
		if string(c.kind) == "tEXt" {
			continue
		}
		b = c.append(b)
		if i == 0 { // the header
			b = chunk{[]byte("tEXt"), []byte(keyword + source)}.append(b)
		}
	}
	return b, nil
}

func (c chunk) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(c.data)))
	begin := len(b)
	b = append(append(b, c.kind...), c.data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[begin:]))
}

// sourceOf returns the text of withSource.
func sourceOf(png []byte) (string, error) {
	all, err := chunks(png)
	for _, c := range all {
		if source, ok := bytes.CutPrefix(c.data, []byte(keyword)); ok && string(c.kind) == "tEXt" {
			return string(source), nil
		}
	}
	if err != nil {
		return "", err
	}
	return "", errors.New("PNG without a source")
}
