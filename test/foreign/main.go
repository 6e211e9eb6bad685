// Verifylog checks a transparency log kept in a directory, with the Go project's own implementation of signed notes and
// of the Merkle tree (golang.org/x/mod/sumdb) and no code of the system that wrote the log.
//
//	verifylog -key <vkey> [-pruned <entry>] [-checkpoint <file> [-consistency <file>]] [-receipt <file>]... <log directory>
//
// It verifies the signature of the checkpoint, recomputes the root from the entries, compares every tile and every
// partial tile with the recomputed hashes, and then
//
//	-checkpoint   that another checkpoint signed by the same key is of the same history, at most as far
//	-consistency  that a proof, one base64 hash a line, leads from that checkpoint to the log's
//	-receipt      that a receipt (c2sp.org/tlog-proof) proves an entry of this log
//
//	-pruned       that the log begins at this entry: the bundles before it were given up, and their tile is all there is of
//	              them. Whether they might be given up is not for this program to say
//
// It ends with 0 and says what it has verified; with 1 and `rejected: <reason>: <what>`; or with 2 where it was called
// wrongly. The log's format: docs/spec/log.md.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A rejection says why the evidence is not believed: a stable reason, and where.
type rejection struct{ reason, what string }

func (r *rejection) Error() string { return r.reason + ": " + r.what }

func reject(reason, format string, args ...interface{}) error {
	return &rejection{reason, fmt.Sprintf(format, args...)}
}

// files is a flag that may be given several times.
type files []string

func (f *files) String() string { return fmt.Sprint([]string(*f)) }

func (f *files) Set(name string) error {
	*f = append(*f, name)
	return nil
}

func main() {
	key := flag.String("key", "", "verifier key of the log")
	pruned := flag.Int64("pruned", 0, "first entry that is kept")
	other := flag.String("checkpoint", "", "another checkpoint of the same log")
	proof := flag.String("consistency", "", "proof from that checkpoint to the log's")
	var receipts files
	flag.Var(&receipts, "receipt", "receipt of an entry")
	flag.Parse()
	if flag.NArg() != 1 || *key == "" || (*proof != "" && *other == "") {
		flag.Usage()
		os.Exit(2)
	}
	verifier, err := note.NewVerifier(*key)
	if err != nil {
		end(reject("vkey-malformed", "%v", err))
	}
	end(verify(flag.Arg(0), verifier, *pruned, *other, *proof, receipts))
}

// end says how it went and ends the process.
func end(err error) {
	var rejected *rejection
	switch {
	case err == nil:
		os.Exit(0)
	case errors.As(err, &rejected):
		fmt.Fprintf(os.Stderr, "rejected: %v\n", rejected)
		os.Exit(1)
	default:
		fmt.Fprintf(os.Stderr, "verifylog: %v\n", err)
		os.Exit(2)
	}
}

// verify checks the log in directory and whatever else was given.
func verify(directory string, verifier note.Verifier, pruned int64, other, proof string, receipts []string) error {
	head, err := readCheckpoint(directory+"/checkpoint", verifier)
	if err != nil {
		return err
	}
	log, err := rebuild(directory, head, pruned)
	if err != nil {
		return err
	}
	if err := log.compareTiles(directory); err != nil {
		return err
	}
	fmt.Printf("verified: %s, %d entries, root %s\n", head.origin, head.size, head.root)
	if pruned > 0 {
		fmt.Printf("of entries before %d the hashes alone\n", pruned)
	}
	if other != "" {
		if err := log.checkOther(other, proof, verifier); err != nil {
			return err
		}
	}
	for _, name := range receipts {
		index, err := log.checkReceipt(name, verifier)
		if err != nil {
			return err
		}
		fmt.Printf("verified: %s proves entry %d\n", name, index)
	}
	return nil
}

// checkOther verifies that another checkpoint is of this log's history, and a proof of it if there is one.
func (l *log) checkOther(name, proofName string, verifier note.Verifier) error {
	older, err := readCheckpoint(name, verifier)
	if err != nil {
		return err
	}
	if err := l.checkPrefix(older); err != nil {
		return err
	}
	if proofName != "" {
		proof, err := readHashes(proofName)
		if err != nil {
			return err
		}
		// From nothing, and to itself, nothing is to be proved: CheckTree has no such proofs.
		if older.size == 0 || older.size == l.head.size {
			if len(proof) != 0 {
				return reject("consistency-invalid", "%d hashes where none is needed", len(proof))
			}
		} else if err := tlog.CheckTree(proof, l.head.size, l.head.root, older.size, older.root); err != nil {
			return reject("consistency-invalid", "%v", err)
		}
	}
	fmt.Printf("verified: %s is the same log at %d entries\n", name, older.size)
	return nil
}
