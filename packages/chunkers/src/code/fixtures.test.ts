import type { Document } from '@tesserae/core'
import { toChunks } from '@tesserae/core'
import { describe, expect, it } from 'vitest'
import { codeChunker } from './code.js'
import type { CodeLanguage } from './languages.js'

/** Every chunk of a fixture starts behind a mark `‹context›`; what is in front of the first is blank. */
const MARK = /‹([^›]*)›/

interface Fixture {
  readonly language: CodeLanguage
  readonly maxTokens: number
  readonly marked: string
}

const FIXTURES: readonly Fixture[] = [
  {
    language: 'typescript',
    maxTokens: 110,
    marked: `‹›// License header of the file.
// Two lines.

import { a } from 'a'
import { b } from 'b'

‹›/** Doc of f. */
export const f = async (id: string): Promise<number> => {
  const value = await load(id)
  const other = await load(id + 'x')
  if (value > other) {
    throw new Error('the value is larger than the other one and that is not allowed')
  }
  for (const one of await list()) {
    await save(one, value, other)
  }
  return value + other
}

‹›/**
 * Keeps users.
 */
@Injectable()
export class UserStore<T extends User> extends Store<T> implements Disposable {
  // How many.
  private count = 0 // trailing

  @Input() name = 'x'

‹class UserStore<T extends User> extends Store<T> implements Disposable›  /** Finds one. */
  @Log('get')
  async getUser(id: string, options: { signal?: AbortSignal } = {}): Promise<T | undefined> {
    const cached = this.cache.get(id)
    if (cached) return cached
    options.signal?.throwIfAborted()
‹async getUser(id: string, options: { signal?: AbortSignal } = {}): Promis…›    // From the database.
    const row = await this.database.query('select * from users where id = ?', [id])
    if (row === undefined) return undefined
    const user = this.decode(row)
    this.cache.set(id, user)
    return user
  }

‹class UserStore<T extends User> extends Store<T> implements Disposable›  size(): number {
    return this.count
  }
}

‹›describe('the store', () => {
  beforeEach(() => {
    reset()
  })
  it('finds users', async () => {
    const store = new UserStore()
    expect(await store.getUser('a')).toBeUndefined()
    expect(await store.getUser('b')).toBeUndefined()
    expect(await store.getUser('c')).toBeUndefined()
  })
‹describe('the store')›  it('counts', () => {
    expect(new UserStore().size()).toBe(0)
    expect(new UserStore().size()).toBe(0)
  })
})`,
  },
  {
    language: 'javascript',
    maxTokens: 60,
    marked: `‹›'use strict'
const limit = 3

‹›exports.retry = async function retry(task, attempts) {
‹exports.retry = async function retry(task, attemp…›  for (let attempt = 0; attempt < attempts; attempt++) {
‹exports.retry = async function retry(task, attemp…›    try {
      return await task()
    } catch (error) {
      if (attempt + 1 === attempts) throw error
      await delay(2 ** attempt * 100)
    }
  }
}

‹›export default {
  name: 'store',
  data: () => ({ items: [] }),
‹›  methods: {
    add(item) {
      this.items.push(item)
      this.$emit('added', item, this.items.length)
    },
‹methods›    remove(item) {
      this.items = this.items.filter((other) => other !== item)
    },
  },
}`,
  },
  {
    language: 'python',
    maxTokens: 60,
    marked: `‹›"""Module doc."""
import os
from typing import List


‹›@dataclass(frozen=True)
class Store(Base, metaclass=Meta):
    """Keeps things."""

    limit: int = 3

    @property
    def size(self) -> int:
        return len(self.items)

‹class Store(Base, metaclass=Meta)›    async def get(self, key: str, default: Optional[int] = None) -> int:
        """Finds one."""
        if key in self.items:
            return self.items[key]
‹async def get(self, key: str, default:…›        for shard in self.shards:
            value = await shard.lookup(key, timeout=self.timeout)
            if value is not None:
                self.items[key] = value
                return value
        return default


‹›def main():
    print("hello")`,
  },
  {
    language: 'java',
    maxTokens: 70,
    marked: `‹›package a.b;

import java.util.List;

‹›/** Keeps users. */
@Service
public final class UserStore<T extends User> implements Store<T> {
    private final Map<String, T> users = new HashMap<>();

‹public final class UserStore<T extends User> implements Store<…›    @Override
    @Transactional(readOnly = true)
    public Optional<T> find(String id, int limit) throws StoreException {
        T cached = users.get(id);
‹public Optional<T> find(String id, int limit) throws…›        if (cached != null) {
            return Optional.of(cached);
        }
        List<T> rows = database.query("select * from users where id = ?", id);
‹public Optional<T> find(String id, int limit) throws…›        return rows.stream().findFirst();
    }

‹public final class UserStore<T extends User> implements Store<…›    public int size() {
        return users.size();
    }

    enum Kind { ADMIN, GUEST }
}`,
  },
  {
    language: 'go',
    maxTokens: 70,
    marked: `‹›package store

import (
\t"context"
\t"fmt"
)

// Store keeps things.
type Store struct {
\titems map[string]int
\tlimit int
}

‹›// Get finds one.
func (s *Store) Get(ctx context.Context, key string) (int, error) {
\tif value, ok := s.items[key]; ok {
\t\treturn value, nil
\t}
\tvalue, err := s.load(ctx, key)
‹func (s *Store) Get(ctx context.Context,…›\tif err != nil {
\t\treturn 0, fmt.Errorf("load %q: %w", key, err)
\t}
\ts.items[key] = value
\treturn value, nil
}`,
  },
  {
    language: 'rust',
    maxTokens: 70,
    marked: `‹›//! Crate doc.
use std::collections::HashMap;

/// Keeps things.
#[derive(Debug, Clone)]
pub struct Store<K> {
    items: HashMap<K, u32>,
}

‹›impl<K: Hash + Eq> Lookup for Store<K> where K: Clone {
    /// Finds one.
    #[inline]
    pub fn get(&self, key: &K) -> Option<u32> {
        let value = self.items.get(key).copied();
‹pub fn get(&self, key: &K) -> Option…›        match value {
            Some(found) => Some(found),
            None => self.load(key).map(|loaded| loaded.value).ok(),
        }
    }
}

‹›mod tests {
    #[test]
    fn finds() {
        assert_eq!(Store::new().get(&1), None);
    }
}`,
  },
  {
    language: 'c',
    maxTokens: 60,
    marked: `‹›#include <stdio.h>
#define MAX 10

struct store {
    int items[MAX];
    int size;
};

‹›/* Finds one. */
static int store_get(const struct store *s, int key)
{
    int new = 0;
‹static int store_get(const struct store *s, int…›    for (int i = 0; i < s->size; i++) {
        if (s->items[i] == key) {
            new = i;
            break;
        }
    }
    return new;
}`,
  },
  {
    language: 'cpp',
    maxTokens: 90,
    marked: `‹›#ifndef STORE_H
#define STORE_H
#include <map>

‹›namespace tess {

/// Keeps things.
template <typename K>
class Store : public Base<K> {
 public:
  explicit Store(int limit) : limit_(limit), size_(0) { reserve(limit); }

‹namespace tess > template <typename K> class Store : public Base<K>›  /// Finds one.
  int get(const K& key) const {
    auto found = items_.find(key);
    if (found == items_.end()) {
      return -1;
    }
    return found->second + offset(key) + base_;
  }

‹namespace tess > template <typename K> class Store : public Base<K>› private:
  std::map<K, int> items_;
};

}  // namespace tess
#endif`,
  },
  {
    language: 'csharp',
    maxTokens: 80,
    marked: `‹›using System;
‹›namespace A.B {
    /// <summary>Keeps.</summary>
    [Serializable]
    public class Store<T> : IStore where T : User {
        public int Size { get; set; }
‹namespace A.B > public class Store<T> : IStore where T : User›        [Log]
        public async Task<T> Get(string id) {
            var cached = cache.Find(id);
            if (cached != null) { return cached; }
            var row = await database.Query("select", id);
‹… > public async Task<T> Get(string id)›            return Decode(row);
        }
    }
}`,
  },
  {
    language: 'ruby',
    maxTokens: 45,
    marked: `‹›require 'json'
‹›module Shop
  # Keeps.
  class Store < Base
    attr_reader :size

‹module Shop > class Store < Base›    # Finds.
    def get(id, limit: 3)
      cached = @cache[id]
      return cached if cached
‹def get(id, limit: 3)›      row = @database.query('select', id, limit)
      @cache[id] = decode(row)
      decode(row).value
    end
  end
end`,
  },
  {
    language: 'php',
    maxTokens: 60,
    marked: `‹›<?php
namespace App;
use Foo\\Bar;
‹›/** Keeps. */
#[Entity]
final class Store extends Base {
    private int $size = 0;
‹final class Store extends Base›    public function get(string $id): ?User {
        $cached = $this->cache[$id] ?? null;
        if ($cached) { return $cached; }
‹… > public function get(string $id): ?User›        $row = $this->db->query('select', $id);
        return $this->decode($row);
    }
}`,
  },
  {
    language: 'bash',
    maxTokens: 40,
    marked: `‹›#!/bin/bash
set -e
‹›# Builds.
build() {
  echo "one two three four"
‹build()›  for f in *.c; do
    gcc -c "$f" -o "\${f%.c}.o"
  done
‹build()›  ld -o out *.o
}
‹›build "$@"`,
  },
]

/** The text without marks, and the chunks that the marks ask for. */
function readFixture(marked: string): {
  text: string
  chunks: { context: string | undefined; text: string }[]
} {
  const parts = marked.split(MARK)
  const chunks: { context: string | undefined; text: string }[] = []
  for (let i = 1; i < parts.length; i += 2)
    chunks.push({ context: parts[i] || undefined, text: parts[i + 1]!.trimEnd() })
  return { text: parts.filter((_, index) => index % 2 === 0).join(''), chunks }
}

const variants: readonly (readonly [string, (marked: string) => string])[] = [
  ['as written', (marked) => marked],
  ['with CRLF', (marked) => marked.replaceAll('\n', '\r\n')],
  ['behind a byte order mark', (marked) => `\ufeff${marked}`],
]

for (const { language, maxTokens, marked } of FIXTURES) {
  describe(language, () => {
    for (const [name, vary] of variants) {
      it(`is cut at declarations, with the signature path as context, ${name}`, async () => {
        const { text, chunks } = readFixture(vary(marked))
        const document: Document = { id: 'a', text, marks: [], metadata: {} }
        const spans = await codeChunker({ language, maxTokens }).split(document)
        const made = toChunks(document, spans).map((chunk) => ({ context: chunk.context, text: chunk.text }))
        expect(made).toEqual(chunks)
      })
    }
  })
}
