package main

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A checkpoint is the signed head of a log: how many entries, and the root of the tree over them.
type checkpoint struct {
	origin string
	size   int64
	root   tlog.Hash
}

// sizeMax is the largest size the format knows, 2^53 − 1.
const sizeMax = 1<<53 - 1

// readCheckpoint reads a file and verifies it as openCheckpoint does.
func readCheckpoint(name string, verifier note.Verifier) (checkpoint, error) {
	bytes, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return checkpoint{}, reject("checkpoint-missing", "%s", name)
	}
	if err != nil {
		return checkpoint{}, err
	}
	return openCheckpoint(bytes, verifier)
}

// openCheckpoint verifies a signed note and reads its text. Signatures of other keys are ignored.
func openCheckpoint(untrusted []byte, verifier note.Verifier) (checkpoint, error) {
	opened, err := note.Open(untrusted, note.VerifierList(verifier))
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &invalid):
		return checkpoint{}, reject("signature-invalid", "%v", err)
	case errors.As(err, &unverified):
		return checkpoint{}, reject("signature-unknown", "no signature of %s", verifier.Name())
	case err != nil:
		return checkpoint{}, reject("note-malformed", "%v", err)
	}
	return parseCheckpoint(opened.Text, verifier.Name())
}

// parseCheckpoint reads the three lines of a checkpoint: origin, size, root. Each has one spelling.
func parseCheckpoint(text, origin string) (checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return checkpoint{}, reject("checkpoint-malformed", "not three lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || size > sizeMax || strconv.FormatInt(size, 10) != lines[1] {
		return checkpoint{}, reject("checkpoint-malformed", "size")
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return checkpoint{}, reject("checkpoint-malformed", "root")
	}
	if lines[0] != origin {
		return checkpoint{}, reject("origin-unknown", "the checkpoint of another log")
	}
	return checkpoint{origin, size, root}, nil
}

// parseHash reads 32 bytes in base64 and refuses any other spelling of them.
func parseHash(line string) (tlog.Hash, error) {
	hash, err := tlog.ParseHash(line)
	if err == nil && hash.String() != line {
		err = errors.New("not canonical base64")
	}
	return hash, err
}
