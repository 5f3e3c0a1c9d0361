/** The sections of the admin pages: what they are called, who may open them, and the pages, each loaded when it is opened. */
import { lazy, type ComponentType, type LazyExoticComponent } from 'react'
import type { Icon } from '../kit/marks.tsx'
import type { Viewer } from './session.ts'

/** A section; its page is given the parts of the address below it. */
export interface Section {
  path: string
  name: string
  icon: Parameters<typeof Icon>[0]['name']
  roles: readonly Viewer['role'][]
  Page: LazyExoticComponent<ComponentType<{ below: string[] }>>
}

/** All sections, in the order of the navigation. */
export const SECTIONS: readonly Section[] = [
  {
    path: 'activities',
    name: 'Activities',
    icon: 'pulse',
    roles: ['ADMIN'],
    Page: lazy(() => import('./activities/catalog.tsx')),
  },
  {
    path: 'imports',
    name: 'Imports',
    icon: 'upload',
    roles: ['ADMIN', 'FINANCE'],
    Page: lazy(() => import('./imports/imports.tsx')),
  },
]

/** Returns the sections that a role may open. */
export function sectionsFor(role: Viewer['role']): Section[] {
  return SECTIONS.filter(({ roles }) => roles.includes(role))
}
