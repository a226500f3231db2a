import { Outlet } from '@tanstack/react-router';
import { Toaster } from '../ui/toast.tsx';

export const Root = () => (
  <>
    <Outlet />
    <Toaster />
  </>
);
