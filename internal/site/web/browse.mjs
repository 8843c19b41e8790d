// Looks at every page of the site in headless Chromium.
//   node browse.mjs ORIGIN PICTURES CHROMIUM PAGES
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { chromium } from 'playwright-core'

const [origin, pictures, executablePath, list] = process.argv.slice(2)
const pages = JSON.parse(list)
const problems = []
let checks = 0
function check(holds, what) {
  checks++
  if (!holds) problems.push(what)
}

const profile = mkdtempSync(join(tmpdir(), 'profile-'))
const browser = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  viewport: { width: 1280, height: 900 },
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
})
const tab = await browser.newPage()
let address = ''
tab.on('console', (message) => message.type() === 'error' && problems.push(`${address}: console: ${message.text()}`))
tab.on('pageerror', (error) => problems.push(`${address}: ${error}`))
// The site needs no network: whatever it asks another host for is a problem.
await tab.route('**/*', (route) => {
  const url = route.request().url()
  if (url.startsWith(origin + '/') || url.startsWith('data:') || url.startsWith('blob:')) return route.continue()
  problems.push(`${address}: asks for ${url}`)
  return route.abort()
})
tab.on('response', (response) => response.status() >= 400 && problems.push(`${address}: ${response.status()} ${response.url()}`))

async function open(path) {
  address = path
  await tab.goto(origin + path, { waitUntil: 'networkidle' })
}

// Every page, its links and its diagrams.
const anchors = new Map() // page → ids in it
const links = [] // { from, to }
let diagrams = 0
for (const { name, title } of pages) {
  const path = name === 'index' ? '/' : `/${name}.html`
  await open(path)
  if (name !== 'index') check((await tab.locator('h1').first().textContent()).includes(title.replaceAll('`', '')), `${path}: no heading ${title}`)
  const wanted = await tab.locator('.mermaid').count()
  if (wanted > 0) await tab.waitForFunction((count) => document.querySelectorAll('.mermaid svg, .mermaid .failed').length >= count, wanted, { timeout: 60000 })
  for (let i = 0; i < wanted; i++) {
    const diagram = tab.locator('.mermaid').nth(i)
    const failed = await diagram.locator('.failed').allTextContents()
    check(failed.length === 0, `${path}: diagram ${i + 1}: ${failed}`)
    const box = failed.length === 0 ? await diagram.locator('svg').first().boundingBox() : null
    check(box && box.width > 100 && box.height > 50, `${path}: diagram ${i + 1} is not to be seen`)
    diagrams++
  }
  const blank = await tab.evaluate(() => [...document.images].filter((one) => one.complete && one.naturalWidth === 0).map((one) => one.src))
  check(blank.length === 0, `${path}: pictures that do not draw: ${blank}`)
  const found = await tab.evaluate(() => ({
    ids: [...document.querySelectorAll('[id]')].map((one) => one.id),
    links: [...document.querySelectorAll('a[href]')].map((one) => one.href),
  }))
  anchors.set(path, new Set(found.ids))
  for (const to of found.links) links.push({ from: path, to })
  await tab.screenshot({ path: join(pictures, `${name}.png`), fullPage: false })
}
for (const { from, to } of links) {
  const url = new URL(to)
  if (url.origin !== origin) continue
  const path = url.pathname === '/index.html' ? '/' : url.pathname
  check(anchors.has(path), `${from}: the link ${to} leads nowhere`)
  const id = decodeURIComponent(url.hash.slice(1))
  if (id && anchors.has(path)) check(anchors.get(path).has(id), `${from}: the link ${to} leads to no place in ${path}`)
}

// The stepper: every recording steps to its end, where the machines stand in
// states that end, and back.
await open('/protocol.html')
const stepper = tab.locator('.stepper')
const where = () => stepper.locator('.where').allTextContents()
const stories = await stepper.locator('option').count()
check(stories > 1, 'the stepper offers fewer than two recordings')
let stepped = 0
for (let story = 0; story < stories; story++) {
  await stepper.locator('select').selectOption(String(story))
  check((await where()).join() === 'idle,idle', `recording ${story} does not begin in idle: ${await where()}`)
  const count = Number((await stepper.locator('.count').textContent()).split(' of ')[1])
  for (let i = 1; i <= count; i++) {
    await stepper.locator('.forward').click()
    const told = await stepper.locator('.told').textContent()
    check(/row [PC]\d\d/.test(told), `recording ${story}, step ${i} tells nothing: ${told}`)
    check((await stepper.locator('.state.now').count()) === 2, `recording ${story}, step ${i}: not one state of each machine`)
    if (i === Math.ceil(count / 2)) await stepper.screenshot({ path: join(pictures, `stepper-${story}-half.png`) })
    stepped++
  }
  check((await stepper.locator('.state.now.terminal').count()) === 2, `recording ${story} does not end: ${await where()}`)
  await stepper.screenshot({ path: join(pictures, `stepper-${story}-end.png`) })
  await stepper.press('ArrowLeft')
  check((await stepper.locator('.count').textContent()).startsWith(`${count - 1} of`), 'the arrow key does not step back')
}

// The search finds pages by words that stand in them only.
const searches = [
  ['pids.max', /limits|index|fsrun|SPEC/i],
  ['OpenRequest', /protocol/i],
  ['CVE-2024-21626', /security/i],
]
for (const [words, expected] of searches) {
  await open('/')
  await tab.keyboard.press('Control+k')
  await tab.locator('#localsearch-input').fill(words)
  const first = tab.locator('.VPLocalSearchBox .result').first()
  await first.waitFor({ timeout: 20000 }).catch(() => {})
  const results = await tab.locator('.VPLocalSearchBox .result').allTextContents()
  check(results.some((one) => expected.test(one)), `the search for ${words} finds ${results.length}: ${results.slice(0, 3)}`)
}
await tab.screenshot({ path: join(pictures, 'search.png') })

// In the dark, and on a telephone.
await tab.emulateMedia({ colorScheme: 'dark' })
await open('/protocol.html')
await tab.screenshot({ path: join(pictures, 'protocol-dark.png') })
await tab.setViewportSize({ width: 390, height: 844 })
for (const path of ['/', '/tutorial.html', '/protocol.html']) {
  await open(path)
  const wide = await tab.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  check(wide <= 0, `${path} is ${wide} pixels too wide for a telephone`)
}
await tab.screenshot({ path: join(pictures, 'protocol-telephone.png') })

await browser.close()
rmSync(profile, { recursive: true, force: true })
console.log(`${pages.length} pages, ${links.length} links, ${diagrams} diagrams, ${stories} recordings with ${stepped} steps, ${searches.length} searches: ${checks} checks, ${problems.length} problems`)
for (const problem of problems) console.log('  ' + problem)
process.exit(problems.length > 0 ? 1 : 0)
