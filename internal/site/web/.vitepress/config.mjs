import { readFileSync } from 'node:fs'

const pages = JSON.parse(readFileSync(new URL('./pages.json', import.meta.url), 'utf8'))

// The side bar: the groups in the order of their first page.
const sidebar = []
for (const page of pages) {
  if (!page.group) continue
  let group = sidebar.find((one) => one.text === page.group)
  if (!group) sidebar.push((group = { text: page.group, items: [] }))
  group.items.push({ text: page.title, link: `/${page.name}` })
}

// A diagram is drawn in the browser, from its text.
function mermaid(md) {
  const fence = md.renderer.rules.fence.bind(md.renderer.rules)
  md.renderer.rules.fence = (tokens, index, ...rest) => {
    const token = tokens[index]
    if (token.info.trim() !== 'mermaid') return fence(tokens, index, ...rest)
    return `<Mermaid text="${encodeURIComponent(token.content)}" />`
  }
}

export default {
  title: 'fsrun',
  description: 'A container runtime whose limits mean what they say',
  lang: 'en',
  srcExclude: ['node_modules/**'],
  appearance: true,
  markdown: { config: mermaid, headers: { level: [2, 3] } },
  themeConfig: {
    siteTitle: 'fsrun',
    sidebar,
    outline: { level: [2, 3] },
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: 'https://github.com/fsrun/fsrun' }],
  },
  // Both machines need the room.
  transformPageData: (page) => (page.relativePath === 'protocol.md' ? { frontmatter: { ...page.frontmatter, aside: false } } : {}),
  vite: { build: { chunkSizeWarningLimit: 4096 } },
}
