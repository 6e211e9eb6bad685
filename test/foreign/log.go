package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	// bundles is the level x/mod gives to tiles that hold entries instead of hashes.
	bundles = -1
)

// A log is rebuilt from its entries alone. Nothing of it comes out of a tile: the reader of x/mod that fetches hashes from
// tiles is not used, as it does not authenticate all of them before version 0.40.
type log struct {
	head checkpoint
	// pruned is the entry before which whole bundles are gone; 0 where all are there.
	pruned  int64
	entries [][]byte
	// hashes are all complete subtrees in the order of tlog.StoredHashIndex.
	hashes []tlog.Hash
}

// ReadHashes makes the recomputed hashes a tlog.HashReader.
func (l *log) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(l.hashes)) {
			return nil, fmt.Errorf("hash %d is beyond the log", index)
		}
		found[i] = l.hashes[index]
	}
	return found, nil
}

// rebuild reads every bundle, hashes every entry and compares the root with the signed one. Of bundles before entry pruned,
// which are gone, it takes the hashes of their tile; a wrong one does not lead to the signed root.
func rebuild(directory string, head checkpoint, pruned int64) (*log, error) {
	l := &log{head: head, pruned: pruned}
	for n := int64(0); n*tileWidth < head.size; n++ {
		if l.isPruned(n) {
			if err := l.addTile(directory, tileAt(0, n, head.size)); err != nil {
				return nil, err
			}
			continue
		}
		tile := tileAt(bundles, n, head.size)
		data, width, err := readTile(directory, tile, "bundle-missing")
		if err != nil {
			return nil, err
		}
		entries, err := splitBundle(data)
		if err != nil || len(entries) != width {
			return nil, reject("bundle-malformed", "%s", path(tile))
		}
		for _, entry := range entries[:tile.W] {
			if err := l.add(entry); err != nil {
				return nil, err
			}
		}
	}
	root, err := l.rootAt(head.size)
	if err != nil {
		return nil, err
	}
	if root != head.root {
		return nil, reject("root-mismatch", "the entries do not lead to the signed root")
	}
	return l, nil
}

// isPruned says whether bundle n was given up as a whole.
func (l *log) isPruned(n int64) bool { return (n+1)*tileWidth <= l.pruned }

func (l *log) addTile(directory string, tile tlog.Tile) error {
	data, _, err := readTile(directory, tile, "tile-missing")
	if err != nil {
		return err
	}
	if len(data) != tileWidth*tlog.HashSize {
		return reject("tile-mismatch", "%s", path(tile))
	}
	for ; len(data) > 0; data = data[tlog.HashSize:] {
		var leaf tlog.Hash
		copy(leaf[:], data)
		hashes, err := tlog.StoredHashesForRecordHash(int64(len(l.entries)), leaf, l)
		if err != nil {
			return err
		}
		l.entries = append(l.entries, nil)
		l.hashes = append(l.hashes, hashes...)
	}
	return nil
}

func (l *log) add(entry []byte) error {
	hashes, err := tlog.StoredHashes(int64(len(l.entries)), entry, l)
	l.entries = append(l.entries, entry)
	l.hashes = append(l.hashes, hashes...)
	return err
}

// rootAt is the root of the first size entries.
func (l *log) rootAt(size int64) (tlog.Hash, error) {
	if size == 0 {
		// Some versions of x/mod have another root for the empty tree than RFC 6962.
		return sha256.Sum256(nil), nil
	}
	return tlog.TreeHash(size, l)
}

// checkPrefix verifies that a checkpoint is the head of this log at an earlier size, or the same.
func (l *log) checkPrefix(older checkpoint) error {
	if older.size > l.head.size {
		return reject("consistency-invalid", "the other checkpoint has %d entries, the log %d", older.size, l.head.size)
	}
	root, err := l.rootAt(older.size)
	if err != nil {
		return err
	}
	if root != older.root {
		return reject("consistency-invalid", "another history of %d entries is signed, too", older.size)
	}
	return nil
}

// compareTiles compares every tile, every bundle and every partial one that is still there with what was recomputed.
func (l *log) compareTiles(directory string) error {
	for level := bundles; level < 64/tileHeight; level++ {
		for n := int64(0); ; n++ {
			tile := tileAt(level, n, l.head.size)
			if tile.W == 0 {
				break
			}
			if level == bundles && l.isPruned(n) {
				continue
			}
			if err := l.compareTile(directory, tile); err != nil {
				return err
			}
		}
	}
	return nil
}

// compareTile compares a tile and all smaller partial ones of its place. The tile itself must be there.
func (l *log) compareTile(directory string, tile tlog.Tile) error {
	data, width, err := readTile(directory, tile, "tile-missing")
	if err != nil {
		return err
	}
	if err := l.compare(tile, data, width); err != nil {
		return err
	}
	full := tile
	full.W = tileWidth
	// No such folder, no partial tiles: they may go once the full one is there.
	partial, _ := os.ReadDir(filepath.Join(directory, filepath.FromSlash(path(full)+".p")))
	for _, file := range partial {
		width, err := strconv.Atoi(file.Name())
		if err != nil || width < 1 || width > tile.W {
			continue // half written, or of entries no checkpoint speaks of yet
		}
		smaller := tile
		smaller.W = width
		data, err := os.ReadFile(filepath.Join(directory, filepath.FromSlash(path(smaller))))
		if err != nil {
			return err
		}
		if err := l.compare(smaller, data, width); err != nil {
			return err
		}
	}
	return nil
}

// compare holds a tile or bundle against the log. Its file has width hashes or entries, of which the first tile.W are of
// this log.
func (l *log) compare(tile tlog.Tile, data []byte, width int) error {
	if tile.L == bundles {
		var expected []byte
		for _, entry := range l.entries[tile.N*tileWidth:][:tile.W] {
			expected = append(expected, byte(len(entry)>>8), byte(len(entry)))
			expected = append(expected, entry...)
		}
		if !bytes.HasPrefix(data, expected) || (width == tile.W && len(data) != len(expected)) {
			return reject("entry-mismatch", "%s", path(tile))
		}
		return nil
	}
	expected, err := tlog.ReadTileData(tile, l)
	if err != nil {
		return err
	}
	if len(data) != width*tlog.HashSize || !bytes.HasPrefix(data, expected) {
		return reject("tile-mismatch", "%s", path(tile))
	}
	return nil
}

// tileAt is the tile (level, n) of a log of that size; its width is 0 where there is none.
func tileAt(level int, n, size int64) tlog.Tile {
	width := size - n*tileWidth
	if level > 0 {
		width = size>>(uint(level)*tileHeight) - n*tileWidth
	}
	if width < 0 {
		width = 0
	}
	if width > tileWidth {
		width = tileWidth
	}
	return tlog.Tile{H: tileHeight, L: level, N: n, W: int(width)}
}

// path adapts the two names in which C2SP tlog-tiles differs from x/mod: no height, and bundles are called entries.
func path(tile tlog.Tile) string {
	name := strings.TrimPrefix(tile.Path(), "tile/8/")
	if tile.L == bundles {
		return "tile/entries" + strings.TrimPrefix(name, "data")
	}
	return "tile/" + name
}

// readTile reads a tile, or in place of a partial one the full one, and says how many hashes or entries the file has.
func readTile(directory string, tile tlog.Tile, reason string) ([]byte, int, error) {
	data, err := os.ReadFile(filepath.Join(directory, filepath.FromSlash(path(tile))))
	width := tile.W
	if errors.Is(err, os.ErrNotExist) && tile.W < tileWidth {
		full := tile
		full.W = tileWidth
		width = tileWidth
		data, err = os.ReadFile(filepath.Join(directory, filepath.FromSlash(path(full))))
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, reject(reason, "%s", path(tile))
	}
	return data, width, err
}

// splitBundle reads entries, each after its length in two bytes; nothing may follow the last.
func splitBundle(data []byte) ([][]byte, error) {
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, errors.New("ends inside an entry")
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:end])
		data = data[end:]
	}
	return entries, nil
}
