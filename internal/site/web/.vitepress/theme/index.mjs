import Theme from 'vitepress/theme'
import Mermaid from './Mermaid.vue'
import Stepper from './Stepper.vue'
import './style.css'

export default {
  extends: Theme,
  enhanceApp({ app }) {
    app.component('Mermaid', Mermaid)
    app.component('Stepper', Stepper)
  },
}
