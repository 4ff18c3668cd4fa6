// SPDX-License-Identifier: GPL-2.0
//! Pages that are out when a process forks belong to both, until one writes.

use crate::cgroup::Cgroup;
use crate::data::Kind;
use crate::ghost::{counter, Ghost};
use crate::harness::Env;
use crate::mapping::Mapping;
use crate::outcome::Outcome;
use crate::worker::{join_all, Board, Worker};

const KIND: Kind = Kind::Mixed;
const PARENT: u32 = 11;
const CHILD: u32 = 12;

/// See above.
pub fn run(env: &Env) -> Outcome {
    let ghost = Ghost::start("")?;
    let group = Cgroup::new("fork")?;
    // A process of its own: what it has beside the test's memory goes out too.
    Worker::start(|| {
        group.enter()?;
        copy_on_write(env, &group)?;
        many_children(env)
    })?
    .join()?;
    ensure_eq!(counter("stored_pages")?, 0, "stored_pages at the end");
    ghost.stop()
}

fn copy_on_write(env: &Env, group: &Cgroup) -> Outcome {
    let pages = env.pages(8);
    let mut map = Mapping::private(pages)?;
    map.fill(map.all(), KIND, PARENT, 0);
    map.page_out(map.all())?;
    let board = Board::new()?;
    let child = Worker::start(|| child_part(&mut map, &board))?;
    let children = [child];

    // The parent writes the second quarter, the child has written the first.
    board.wait_for(0, 1, &children)?;
    map.fill(pages / 4..pages / 2, KIND, PARENT, 1);
    parent_check(&map)?;
    // All of it goes out again, shared pages too.
    group.reclaim(&map)?;
    ensure!(
        counter("stored_pages")? >= pages as u64,
        "pages are out, but not stored"
    );
    board.set(1, 1);
    board.wait_for(0, 2, &children)?;
    parent_check(&map)?;
    board.set(1, 2);
    join_all(children.into())
}

fn parent_check(map: &Mapping) -> Outcome {
    let pages = map.pages();
    map.check(0..pages / 4, KIND, PARENT, 0)?;
    map.check(pages / 4..pages / 2, KIND, PARENT, 1)?;
    map.check(pages / 2..pages, KIND, PARENT, 0)
}

fn child_part(map: &mut Mapping, board: &Board) -> Outcome {
    let pages = map.pages();
    map.check(0..pages / 2, KIND, PARENT, 0)?;
    map.fill(0..pages / 4, KIND, CHILD, 0);
    board.set(0, 1);
    board.wait_for(1, 1, &[])?;
    child_check(map)?;
    // A grandchild has the child's view.
    Worker::start(|| child_check(map))?.join()?;
    map.page_out(0..pages / 4)?;
    board.set(0, 2);
    board.wait_for(1, 2, &[])?;
    child_check(map)
}

fn child_check(map: &Mapping) -> Outcome {
    map.check(0..map.pages() / 4, KIND, CHILD, 0)?;
    map.check(map.pages() / 4..map.pages(), KIND, PARENT, 0)
}

/// So many processes that a slot's count of users no longer fits in its word.
fn many_children(env: &Env) -> Outcome {
    let pages = env.pages(1);
    let mut map = Mapping::private(pages)?;
    map.fill(map.all(), KIND, PARENT, 2);
    map.page_out(map.all())?;
    let board = Board::new()?;
    let child = |_| {
        Worker::start(|| {
            board.step(0);
            board.wait_for(1, 1, &[])?;
            map.check(map.all(), KIND, PARENT, 2)
        })
    };
    let children = (0..40).map(child).collect::<Outcome<Vec<_>>>()?;
    board.wait_for(0, 40, &children)?;
    ensure_eq!(
        map.out(map.all())?,
        pages,
        "pages out while all children wait"
    );
    board.set(1, 1);
    join_all(children)?;
    map.check(map.all(), KIND, PARENT, 2)
}
