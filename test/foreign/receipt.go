package main

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	receiptHeader = "c2sp.org/tlog-proof@v1"
	// proofHashesMax is what the longest inclusion proof of a tree of sizeMax entries needs.
	proofHashesMax = 53
)

// checkReceipt verifies a receipt: its checkpoint is signed and of this log's history, and its proof leads from the entry
// of its index, as this log has it, to that checkpoint's root.
func (l *log) checkReceipt(name string, verifier note.Verifier) (int64, error) {
	untrusted, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	index, proof, signed, err := parseReceipt(string(untrusted))
	if err != nil {
		return 0, err
	}
	head, err := openCheckpoint([]byte(signed), verifier)
	if err != nil {
		return 0, err
	}
	if err := l.checkPrefix(head); err != nil {
		return 0, err
	}
	if index >= head.size {
		return 0, reject("inclusion-invalid", "no entry %d among %d", index, head.size)
	}
	if l.isPruned(index / tileWidth) {
		return 0, reject("entry-pruned", "entry %d is not in the log any more", index)
	}
	if err := tlog.CheckRecord(proof, head.size, head.root, index, tlog.RecordHash(l.entries[index])); err != nil {
		return 0, reject("inclusion-invalid", "entry %d: %v", index, err)
	}
	return index, nil
}

// parseReceipt takes a receipt apart: header, an optional line that nothing vouches for, index, hashes, empty line,
// checkpoint.
func parseReceipt(text string) (index int64, proof []tlog.Hash, signed string, err error) {
	malformed := func(what string) (int64, []tlog.Hash, string, error) {
		return 0, nil, "", reject("receipt-malformed", "%s", what)
	}
	head, signed, found := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	if !found || lines[0] != receiptHeader {
		return malformed("not a receipt")
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return malformed("no index")
	}
	digits := strings.TrimPrefix(lines[0], "index ")
	index, err = strconv.ParseInt(digits, 10, 64)
	if err != nil || index < 0 || strconv.FormatInt(index, 10) != digits {
		return malformed("index")
	}
	proof, err = parseHashes(lines[1:])
	if err != nil || len(proof) > proofHashesMax {
		return malformed("hashes")
	}
	return index, proof, signed, nil
}

// readHashes reads a file with a base64 hash a line.
func readHashes(name string) ([]tlog.Hash, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if len(text) == 0 {
		return nil, nil
	}
	hashes, err := parseHashes(strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"))
	if err != nil {
		return nil, reject("consistency-invalid", "%s is not a proof", name)
	}
	return hashes, nil
}

func parseHashes(lines []string) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(lines))
	for i, line := range lines {
		hash, err := parseHash(line)
		if err != nil {
			return nil, err
		}
		hashes[i] = hash
	}
	return hashes, nil
}
