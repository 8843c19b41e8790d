// Where the states of a machine are drawn: a column for the way that goes well,
// from top to bottom, and beside it what is visited on the way and left again.

export const boxWidth = 150
export const boxHeight = 26
const rowHeight = 48
const columnWidth = 190

// layout gives each state the place { x, y } of its box's top left corner.
export function layout(machine) {
  const course = machine.rows.filter((row) => row.course)
  const aside = asides(machine, course)
  const main = course.filter((row) => !aside[row.from] && !aside[row.to])
  const rank = longestWay(machine, main, aside)
  const places = {}
  for (const { name } of machine.states) {
    if (!aside[name]) places[name] = { x: 8, y: rank[name] * rowHeight + 8 }
  }
  const used = {}
  for (const { name } of machine.states) {
    if (!aside[name]) continue
    const beside = (used[aside[name]] = (used[aside[name]] ?? -1) + 1)
    places[name] = { x: 8 + columnWidth, y: places[aside[name]].y + beside * 36 - 8 }
  }
  return { places, width: 2 * columnWidth + 30, height: (Math.max(...Object.values(rank)) + 1) * rowHeight }
}

// asides are the states from which all rows of the course lead back to the one
// state that led there: name → that state.
function asides(machine, course) {
  const found = {}
  for (const { name } of machine.states) {
    const from = new Set(course.filter((row) => row.to === name).map((row) => row.from))
    const to = new Set(course.filter((row) => row.from === name).map((row) => row.to))
    const [origin] = from
    if (from.size === 1 && to.size === 1 && to.has(origin)) found[name] = origin
  }
  return found
}

// longestWay is how far down a state stands: behind all that come before it on
// the course, rows that lead back left out.
function longestWay(machine, course, aside) {
  const order = machine.states.map((state) => state.name).filter((name) => !aside[name])
  const onTheWay = new Set()
  const back = new Set()
  const seen = new Set()
  const visit = (name) => {
    seen.add(name)
    onTheWay.add(name)
    for (const row of course.filter((one) => one.from === name)) {
      if (onTheWay.has(row.to)) back.add(row.id)
      else if (!seen.has(row.to)) visit(row.to)
    }
    onTheWay.delete(name)
  }
  order.forEach((name) => seen.has(name) || visit(name))
  const rank = Object.fromEntries(order.map((name) => [name, 0]))
  for (let changed = true; changed; ) {
    changed = false
    for (const row of course) {
      if (!back.has(row.id) && rank[row.to] < rank[row.from] + 1) {
        rank[row.to] = rank[row.from] + 1
        changed = true
      }
    }
  }
  // What only failures lead to stands at the bottom.
  const last = Math.max(...Object.values(rank))
  const reached = new Set(course.map((row) => row.to))
  const initial = machine.rows[0].from
  for (const name of order) if (!reached.has(name) && name !== initial) rank[name] = last + 1
  const down = course.filter((row) => !reached.has(row.from) && row.from !== initial)
  for (const row of down) rank[row.to] = Math.max(rank[row.to], rank[row.from] + 1)
  return rank
}

// path is the line of a row from one box to another.
export function path(places, row) {
  const from = places[row.from]
  const to = places[row.to]
  const middle = (place) => ({ x: place.x + boxWidth / 2, y: place.y + boxHeight / 2 })
  const a = middle(from)
  const b = middle(to)
  if (row.from === row.to) {
    const x = from.x + boxWidth
    return `M ${x} ${a.y - 7} c 24 -10 24 24 0 14`
  }
  if (to.y > from.y && to.x === from.x && to.y - from.y < 60) return `M ${a.x} ${from.y + boxHeight} L ${b.x} ${to.y}`
  if (to.x !== from.x) {
    // To what stands aside, and back.
    const bend = (from.x + boxWidth + to.x) / 2
    const away = to.x > from.x
    const [leaves, comes] = away ? [from.x + boxWidth, to.x] : [from.x, to.x + boxWidth]
    const shift = away ? -5 : 5
    return `M ${leaves} ${a.y + shift} C ${bend} ${a.y + shift}, ${bend} ${b.y + shift}, ${comes} ${b.y + shift}`
  }
  const side = Math.max(from.x, to.x) + boxWidth
  return `M ${from.x + boxWidth} ${a.y} C ${side + 24} ${a.y}, ${side + 24} ${b.y}, ${to.x + boxWidth} ${b.y}`
}
